"""Log lines go through a queue, so that a pipe that nobody reads can never stall the event loop.

Pretty on a terminal, JSON otherwise. When the queue is full the oldest lines of low level go first,
and are counted.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MOST_LINES: Final = 10_000
_LOW: Final = frozenset({"debug", "info"})
_SECRET: Final = ("password", "secret", "token", "authorization", "credential")


class LineQueue:
    """Lines enter without waiting; one thread writes them."""

    def __init__(self, stream: TextIO, on_drop: Callable[[int], None], most: int = MOST_LINES) -> None:
        self._stream = stream
        self._on_drop = on_drop
        self._most = most
        self._lines: deque[tuple[str, str]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, level: str, line: str) -> None:
        """Hand in a line; returns at once, whatever the reader does."""
        with self._changed:
            dropped = 0
            while len(self._lines) >= self._most:
                self._drop_one()
                dropped += 1
            self._lines.append((level, line))
            self._changed.notify()
        if dropped:
            self._on_drop(dropped)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left, but wait no longer than so many seconds for a reader that is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _drop_one(self) -> None:
        for index, (level, _) in enumerate(self._lines):
            if level in _LOW:
                del self._lines[index]
                return
        self._lines.popleft()

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._closed:
                    self._changed.wait()
                if not self._lines:
                    return
                lines, self._lines = self._lines, deque()
            try:
                self._stream.write("".join(f"{line}\n" for _, line in lines))
                self._stream.flush()
            except (OSError, ValueError):
                return  # nobody can read any more: there is nowhere to say so


class _Logger:
    """What structlog writes to: one method a level."""

    def __init__(self, queue: LineQueue) -> None:
        self._queue = queue

    def __getattr__(self, level: str) -> Callable[[str], None]:
        return lambda line: self._queue.put(level, line)


class _Foreign(logging.Handler):
    """Lines of libraries that use the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on as one of ours."""
        log = structlog.get_logger(record.name)
        error = record.exc_info if record.exc_info and record.exc_info[0] is not None else None
        getattr(log, record.levelname.lower(), log.info)(record.getMessage(), logger=record.name, exc_info=error)


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last guard: what is named like a secret is not printed."""
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "<secret>"
    return event


def configure(stream: TextIO, *, on_drop: Callable[[int], None], level: str = "info") -> LineQueue:
    """Send every log line of this process to the stream. Returns the queue, to be closed at the end."""
    queue = LineQueue(stream, on_drop)
    pretty = stream.isatty()
    render: list[Any]
    if pretty:
        render = [structlog.dev.ConsoleRenderer()]
    else:
        exceptions = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        render = [exceptions, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not pretty),
            _redact,
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Logger(queue),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)
    return queue
