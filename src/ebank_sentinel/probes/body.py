"""The body of an answer enters, under a cap; its text or its JSON document leaves."""

from __future__ import annotations

import codecs
import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import NoReturn

import aiohttp

from ebank_sentinel.model.reading import ProbeError, Scalar
from ebank_sentinel.probes.failure import Failed, one_line

_GZIP_OR_ZLIB = 47  # wbits of zlib: 32 to tell them apart, 15 for the largest window
_LONGEST_FIELD = 1000  # characters of a text that becomes a field: it is stored, and shown on a phone
_INTEGERS = 1 << 63  # what is outside 64 bits fits in no store
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # an escape: strict decoding lets no other way in

MISSING = object()
"""What a path leads to when the document has nothing there."""


async def read_capped(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The decoded body. Raises Failed when it has more bytes than `most`, on the wire or decoded."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Failed(ProbeError.BODY, f"the body is encoded as {one_line(encoding, 40)}, which was not asked for")
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding not in ("identity", "") else None
    body = bytearray()
    async for chunk in response.content.iter_any():
        if decoder is None:
            body += chunk
        else:
            try:
                body += decoder.decompress(chunk, most + 1 - len(body))  # never more than one byte over the cap
            except zlib.error:
                raise Failed(ProbeError.BODY, f"the body is not {encoding}, as its header says") from None
        if len(body) > most or (decoder is not None and decoder.unconsumed_tail):
            raise Failed(ProbeError.TOO_LARGE, f"the body has more than {most} bytes (max_body)")
    if decoder is not None and body and not decoder.eof:
        raise Failed(ProbeError.BODY, f"the {encoding} body ends in the middle")
    return bytes(body)


def text_of(body: bytes, charset: str | None) -> str:
    """The body as text, in the charset that its header names when there is such a one, else UTF-8."""
    try:
        codec = codecs.lookup(charset or "utf-8")
        return body.decode(codec.name, "replace")
    except (LookupError, ValueError, AssertionError):  # no such codec, or one that is not for text
        return body.decode("utf-8", "replace")


def json_of(body: bytes) -> object:
    """The JSON document. Raises Failed: it says what is wrong with it."""
    try:
        text = body.decode(json.detect_encoding(body))  # strictly: json.loads lets lone surrogates through
        document: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        return _mended(document) if _SURROGATE.search(text) else document
    except RecursionError:
        raise Failed(ProbeError.BODY, "the body is JSON that is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Failed(ProbeError.BODY, f"the body is not JSON: {error.msg} at line {error.lineno}") from None
    except UnicodeDecodeError:
        raise Failed(ProbeError.BODY, "the body is not JSON: it is not Unicode text") from None
    except _NoNumberError as error:
        raise Failed(ProbeError.BODY, f"the body is not JSON: {error}") from None
    except ValueError:  # Python reads no integer of thousands of digits
        raise Failed(ProbeError.BODY, "the body holds a number of thousands of digits") from None


class _NoNumberError(ValueError):
    """What Python's parser takes for a number, and JSON does not."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NoNumberError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NoNumberError("a number that is too large")
    return number


def _mended(value: object) -> object:
    """The document without lone surrogates, which no store and no channel can encode."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item) for name, item in value.items()}
    return value


def parse_path(text: str) -> tuple[str, ...]:
    """`queue.depth`, `cassettes.0.count`. Raises ValueError."""
    parts = tuple(text.split("."))
    if not all(parts) or len(text) > 300:
        raise ValueError(f"{text!r} is no path: write names joined by dots, as in queue.depth or cassettes.0.count")
    return parts


def at_path(document: object, path: tuple[str, ...]) -> object:
    """What stands at a path, MISSING when there is nothing. A number leads into a list."""
    for part in path:
        if isinstance(document, dict):
            if part not in document:
                return MISSING
            document = document[part]
        elif isinstance(document, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(document):
            document = document[int(part[:9])]
        else:
            return MISSING
    return document


def read_fields(document: object, paths: Mapping[str, tuple[str, ...]]) -> dict[str, Scalar]:
    """The fields that are scalars; what is missing, null or a structure is not among them."""
    found: dict[str, Scalar] = {}
    for name, path in paths.items():
        value = at_path(document, path)
        if isinstance(value, str):
            found[name] = value[:_LONGEST_FIELD]
        elif isinstance(value, bool | float) or (isinstance(value, int) and -_INTEGERS <= value < _INTEGERS):
            found[name] = value
    return found
