"""Log lines go through a queue, so that a pipe that nobody reads can never stall the event loop.

Pretty on a terminal, JSON otherwise: one line an event, whatever its values hold. When the queue is full the
oldest lines of low level go first, and are counted.
"""

from __future__ import annotations

import heapq
import io
import itertools
import logging
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MOST_LINES: Final = 10_000
_LOW: Final = frozenset({"debug", "info"})
_SECRET: Final = ("password", "secret", "token", "authorization", "credential")
_USERINFO: Final = re.compile(r"(?<=://)[^/?#\s@]+@")
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, drives a terminal, turns the direction of reading, or is no text at all."""


class LineQueue:
    """Lines enter without waiting; one thread writes them."""

    def __init__(self, stream: TextIO, on_drop: Callable[[int], None], most: int = MOST_LINES) -> None:
        self._stream = stream
        self._descriptor = _descriptor(stream)
        self._on_drop = on_drop
        self._most = most
        self._order = itertools.count()
        self._low: deque[tuple[int, str]] = deque()
        self._high: deque[tuple[int, str]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, level: str, line: str) -> None:
        """Hand in a line; returns at once, whatever the reader does."""
        with self._changed:
            full = len(self._low) + len(self._high) >= self._most
            if full:
                (self._low or self._high).popleft()
            (self._low if level in _LOW else self._high).append((next(self._order), line))
            self._changed.notify()
        if full:
            self._on_drop(1)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left, but wait no longer than so many seconds for a reader that is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _write(self) -> None:
        while True:
            with self._changed:
                while not (self._low or self._high or self._closed):
                    self._changed.wait()
                lines = [line for _, line in heapq.merge(self._low, self._high)]
                self._low.clear()
                self._high.clear()
            if not lines:
                return
            try:
                self._put_out("".join(f"{line}\n" for line in lines))
            except (OSError, ValueError):
                return  # nobody can read any more: there is nowhere to say so

    def _put_out(self, text: str) -> None:
        """Past the buffer of a real file: a thread that hangs in it would hold up the end of the process."""
        encoding = self._stream.encoding or "utf-8"
        data = text.encode(encoding, "backslashreplace")  # for a terminal that does not know Chinese
        if self._descriptor is None:
            self._stream.write(data.decode(encoding))
            self._stream.flush()
            return
        while data:
            data = data[os.write(self._descriptor, data) :]


def _descriptor(stream: TextIO) -> int | None:
    """The file behind a stream; None for one in memory."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


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
    """The last guard: what is named like a secret is not printed, nor what stands before the @ of an address."""
    return {key: _without_secrets(key, value) for key, value in event.items()}


def _without_secrets(key: object, value: Any) -> Any:
    if any(word in str(key).lower() for word in _SECRET):
        return "<secret>"
    if isinstance(value, str):
        return _USERINFO.sub("<secret>@", value) if "://" in value else value
    if isinstance(value, Mapping):
        return {inner: _without_secrets(inner, part) for inner, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets("", part) for part in value]
    return value


def _harmless(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For a terminal: nothing in a value moves its cursor."""
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in event.items()}


def _plain_traceback(stream: TextIO, error: Any) -> None:
    """For a terminal, too: without variables, which may be secrets, and line by line harmless."""
    words = io.StringIO()
    structlog.dev.plain_traceback(words, error)
    stream.write("\n".join(map(_escaped, words.getvalue().split("\n"))))


def _one_line(_logger: object, _method: str, line: str) -> str:
    """JSON that holds no character that a reader of lines, or a terminal, could stumble over."""
    return _escaped(line)


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def configure(stream: TextIO, *, on_drop: Callable[[int], None], level: str = "info") -> LineQueue:
    """Send every log line of this process to the stream. Returns the queue, to be closed at the end."""
    queue = LineQueue(stream, on_drop)
    pretty = stream.isatty()
    render: Iterable[Any]
    if pretty:
        render = [_redact, _harmless, structlog.dev.ConsoleRenderer(exception_formatter=_plain_traceback)]
    else:
        exceptions = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        json = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        render = [exceptions, _redact, json, _one_line]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not pretty),
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
