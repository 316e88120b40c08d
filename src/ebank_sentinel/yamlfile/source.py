"""A path enters; the text of the file leaves, once it is sure to be a small regular file of clean UTF-8."""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from pathlib import Path

from ebank_sentinel.errors import ConfigError, Problem

LARGEST_BYTES = 16 * 1024 * 1024
"""Over any real configuration; a list of targets longer than that belongs into a CSV file."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "the file begins with a byte order mark: save it as UTF-8 without BOM"),
    (b"\xff\xfe\x00\x00", "the file is UTF-32: save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "the file is UTF-32: save it as UTF-8"),
    (b"\xff\xfe", "the file is UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "the file is UTF-16: save it as UTF-8"),
)

# What YAML forbids, and what hides: byte order marks inside, and the line breaks that editors do not count.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_NOT_REGULAR = {
    stat.S_IFDIR: "this is a directory, not a file",
    stat.S_IFIFO: "this is a named pipe, not a file",
    stat.S_IFSOCK: "this is a socket, not a file",
    stat.S_IFCHR: "this is a device, not a file",
    stat.S_IFBLK: "this is a device, not a file",
}

_REFUSALS = {
    errno.ENOENT: "there is no such file",
    errno.ELOOP: "its symbolic links lead in a circle",
    errno.EACCES: "it may not be read by this user: check its owner and mode",
    errno.EPERM: "it may not be read by this user: check its owner and mode",
    errno.ENOTDIR: "a part of its path is not a directory",
    errno.ENXIO: "this is a socket or a device, not a file",
    errno.ENAMETOOLONG: "the name is too long",
}


def read_text(path: Path, name: str, *, byte_order_mark: bool = False) -> str:
    """The text of the file. Raises ConfigError, which says under `name` what is wrong with it.

    A file that comes from a spreadsheet may have a `byte_order_mark`, which is taken off.
    """
    data = _read_bytes(path, name)
    if byte_order_mark:
        data = data.removeprefix(codecs.BOM_UTF8)
    for mark, reason in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            raise _refused(name, reason)
    if data.count(0) * 4 > len(data):
        raise _refused(name, "the file is UTF-16 or no text at all: save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8", "replace"))
        raise ConfigError([Problem(name, line, column, "", _not_utf8(data[error.start : error.start + 3]))]) from None
    found = _FORBIDDEN.search(text)
    if found:
        line, column = _place(text[: found.start()])
        reason = f"the invisible character {_character(found[0])} may not stand here: delete it"
        raise ConfigError([Problem(name, line, column, "", reason)])
    return text


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would hold us here for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(name, _REFUSALS.get(error.errno or 0, f"cannot be read: {error.strerror}")) from None
    except ValueError:
        raise _refused(name, "the path holds a NUL character") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(name, _NOT_REGULAR.get(stat.S_IFMT(status.st_mode), "this is not a regular file"))
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(data) > LARGEST_BYTES:
        size = max(status.st_size, len(data)) / 1024 / 1024
        reason = f"the file is {size:.1f} MB, over the {LARGEST_BYTES // 1024 // 1024} MB that are read: "
        raise _refused(name, reason + "put long lists of targets into a CSV file")
    return data


def _refused(name: str, reason: str) -> ConfigError:
    return ConfigError([Problem(name, 0, 0, "", reason)])


def _not_utf8(data: bytes) -> str:
    if len(data) >= 2 and data[0] == 0xED and data[1] >= 0xA0:
        return "a lone surrogate, which is half a character: type the character again"
    return f"the byte 0x{data[0]:02X} is not UTF-8 (the file may be GBK or Latin-1): save it as UTF-8"


def _character(character: str) -> str:
    return "NUL" if character == "\0" else f"U+{ord(character):04X}"


def _place(before: str) -> tuple[int, int]:
    """Line and column, 1-based, of what follows this text."""
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1
