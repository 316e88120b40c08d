"""Log lines: one an event, no secret in it, and nobody who does not read them can hold up the program."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TextIO

import pytest
import structlog

from ebank_sentinel import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def written(work: Callable[[], object], level: str = "info") -> list[dict[str, Any]]:
    """What `work` logs, as a reader of lines finds it."""
    stream = io.StringIO()
    queue = logs.configure(stream, on_drop=lambda _: None, level=level)
    work()
    queue.close()
    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    assert lines == stream.getvalue().splitlines(), "no character that some reader takes for the end of a line"
    return [json.loads(line) for line in lines]


def log() -> Any:
    return structlog.get_logger()


NASTY = "a\nLEVEL=CRITICAL\r\x1b[2J\x1b]0;title\x07\x00\x85\u2028\u202e\x9b31m\ud800 王芳"


def test_a_line_is_one_json_object_with_level_time_and_event() -> None:
    [line] = written(lambda: log().info("decided", reason="first", who="王芳"))
    assert (line["event"], line["level"], line["reason"], line["who"]) == ("decided", "info", "first", "王芳")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"])


def test_nothing_in_a_value_or_an_event_begins_another_line_and_all_of_it_is_kept() -> None:
    [line] = written(lambda: log().warning(NASTY, name=NASTY, deep={"list": [NASTY]}))
    assert line["event"] == line["name"] == line["deep"]["list"][0] == NASTY


def test_chinese_is_written_as_it_is() -> None:
    stream = io.StringIO()
    queue = logs.configure(stream, on_drop=lambda _: None)
    log().info("登录失败")
    queue.close()
    assert "登录失败" in stream.getvalue()


def test_a_stream_that_knows_no_chinese_does_not_end_the_log() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    queue = logs.configure(stream, on_drop=lambda _: None)
    log().info("登录失败")
    queue.put("info", "still here")
    queue.close()
    assert raw.getvalue().decode().endswith("still here\n")
    assert b"\\u767b" in raw.getvalue()


SECRETS = {
    "password": "hunter2",
    "kannel_password": "hunter2",
    "Authorization": "Bearer hunter2",
    "api_token": "hunter2",
    "url": "https://bank:hunter2@gateway.example/send",
    "error": "cannot reach http://hunter2@gateway.example: refused",
    "settings": {"user": "bank", "secret": "hunter2", "more": [{"token": "hunter2"}]},
}


@pytest.mark.parametrize("key", SECRETS)
def test_what_looks_like_a_secret_is_not_written(key: str) -> None:
    [line] = written(lambda: log().error("failed", **{key: SECRETS[key]}))
    assert "hunter2" not in json.dumps(line)
    assert "<secret>" in json.dumps(line)


def test_an_exception_is_told_without_the_values_of_its_variables() -> None:
    def fails() -> None:
        password = "hunter2"
        try:
            raise ValueError(f"no {len(password)}")  # noqa: TRY301 - it is what is logged
        except ValueError:
            log().exception("broken")

    [line] = written(fails)
    assert "hunter2" not in json.dumps(line)
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["frames"]


def test_what_libraries_log_becomes_a_line_of_ours_from_warning_on() -> None:
    def library() -> None:
        logging.getLogger("aiohttp.server").info("not wanted")
        logging.getLogger("aiohttp.server").error("odd %s", "request")

    [line] = written(library)
    assert (line["event"], line["level"], line["logger"]) == ("odd request", "error", "aiohttp.server")


def test_the_level_is_a_floor() -> None:
    assert [line["level"] for line in written(_one_of_each, "warning")] == ["warning", "error"]
    assert len(written(_one_of_each, "debug")) == 4


def _one_of_each() -> None:
    for level in ("debug", "info", "warning", "error"):
        getattr(log(), level)("x")


def test_on_a_terminal_it_is_for_people_and_no_value_moves_the_cursor() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8", errors="backslashreplace") as stream:
        queue = logs.configure(stream, on_drop=lambda _: None)
        password = "hunter2"
        log().warning("a\x1b[2Jb", name="\x1b]0;title\x07x", token=password)
        try:
            raise ValueError("odd\x1b[2J")  # noqa: TRY301 - it is what is logged
        except ValueError:
            log().exception("broken")
        queue.close()
        shown = ""
        while "ValueError" not in shown:
            shown += os.read(master, 100_000).decode()
    os.close(master)
    assert not shown.startswith("{")
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
    assert "hunter2" not in shown
    assert "ValueError: odd" in shown


# -- the queue ----------------------------------------------------------------------------------------


class Blocked(io.StringIO):
    """A pipe that nobody reads, until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.go_on.wait(10)
        return super().write(text)


def blocked_queue(most: int) -> tuple[Blocked, logs.LineQueue, list[int]]:
    stream, dropped = Blocked(), list[int]()
    queue = logs.LineQueue(stream, dropped.append, most)
    queue.put("info", "first")
    assert stream.entered.wait(5)
    return stream, queue, dropped


def test_a_pipe_that_nobody_reads_holds_nobody_up() -> None:
    stream, queue, _ = blocked_queue(1000)
    begin = time.monotonic()
    for number in range(20_000):
        queue.put("info" if number % 2 else "warning", "x" * 200)
    assert time.monotonic() - begin < 2.0
    stream.go_on.set()
    queue.close()


def test_a_real_pipe_that_is_full_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        dropped = list[int]()
        queue = logs.LineQueue(stream, dropped.append, 100)
        begin = time.monotonic()
        for _ in range(5000):
            queue.put("info", "x" * 200)
        assert time.monotonic() - begin < 2.0
        assert sum(dropped) > 0
        queue.close(timeout=0.05)
        drained = threading.Thread(target=_read_all, args=[reading])
        drained.start()
        queue.close()
    drained.join(5)


def _read_all(descriptor: int) -> None:
    with os.fdopen(descriptor, "rb") as reader:
        reader.read()


def test_the_oldest_lines_of_low_level_go_first_and_are_counted() -> None:
    stream, queue, dropped = blocked_queue(5)
    for number in range(4):
        queue.put("error", f"error {number}")
    for number in range(4):
        queue.put("info", f"info {number}")
    stream.go_on.set()
    queue.close()
    assert stream.getvalue().splitlines() == ["first", *(f"error {number}" for number in range(4)), "info 3"]
    assert sum(dropped) == 3


def test_when_all_are_grave_the_oldest_goes() -> None:
    stream, queue, dropped = blocked_queue(2)
    for number in range(4):
        queue.put("error", f"error {number}")
    stream.go_on.set()
    queue.close()
    assert stream.getvalue().splitlines() == ["first", "error 2", "error 3"]
    assert sum(dropped) == 2


def test_the_order_of_writing_is_the_order_of_happening() -> None:
    stream, queue, _ = blocked_queue(100)
    levels = ["info", "error", "debug", "warning"] * 10
    for number, level in enumerate(levels):
        queue.put(level, str(number))
    stream.go_on.set()
    queue.close()
    assert stream.getvalue().splitlines()[1:] == [str(number) for number in range(40)]


def test_a_reader_that_is_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream: TextIO = os.fdopen(writing, "w")
    queue = logs.LineQueue(stream, lambda _: None, 10)
    for _ in range(50):
        queue.put("info", "x" * 100)
    queue.close()
    assert not queue._thread.is_alive()
    with suppress(OSError):
        stream.close()


def test_the_end_does_not_wait_for_a_reader_that_does_not_read() -> None:
    stream, queue, _ = blocked_queue(10)
    begin = time.monotonic()
    queue.close(timeout=0.1)
    assert time.monotonic() - begin < 1.0
    stream.go_on.set()
