"""Where a probe connects to: URLs and addresses as files write them enter, checked ones leave.

`{column}` in a URL or an address is filled from a target's labels. What is checked here holds for
what a file says; which IP address a name leads to is checked when the connection is made.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ebank_sentinel.model.forbidden import is_metadata

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w*")
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LOOKS_NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_STRUCTURE = frozenset("/\\@?#%{}\"'<> ")  # what would change which host is asked, or which path


class Address(NamedTuple):
    """A host, as a name or an IP address without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def placeholders(template: str) -> frozenset[str]:
    """The columns that a template asks for. Raises ValueError for braces that are none."""
    names = set()
    for match in _PLACEHOLDER.finditer(template):
        if match.group() in ("{{", "}}"):
            continue
        name = match.group(1)
        if name is None or not _NAME.fullmatch(name):
            raise ValueError(f"{match.group()!r} is no placeholder: write {{column}}, or {{{{ and }}}} for braces")
        names.add(name)
    return frozenset(names)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled. Raises ValueError for a value that does not fit into a place."""

    def value_of(match: re.Match[str]) -> str:
        if match.group() in ("{{", "}}"):
            return match.group()[0]
        name = match.group(1)
        if name not in values:
            known = ", ".join(sorted(values)) or "none"
            raise ValueError(f"{{{name}}} is not a column or a label of this target: there are {known}")
        value = values[name]
        _check_value(name, value)
        return value

    return _PLACEHOLDER.sub(value_of, template)


def _check_value(name: str, value: str) -> None:
    if not value:
        raise ValueError(f"{name} is empty, and the address needs it")
    if value in (".", ".."):
        raise ValueError(f"{name} is {value!r}, which would change the path")
    if value.isprintable() and _STRUCTURE.isdisjoint(value):  # the one space that is printable is among them
        return
    for letter in value:
        if letter in _STRUCTURE or not letter.isprintable():
            raise ValueError(f"{name} holds {letter!r}, which must not stand in an address")


def check_url(text: str) -> None:
    """Raises ValueError unless it is an http or https URL with a plain host and nothing secret in it."""
    _check_letters(text)
    scheme = text.partition("://")[0].lower()
    if "://" not in text or scheme not in ("http", "https"):
        raise ValueError("it must begin with http:// or https://")
    try:
        parts = urlsplit(text)
    except ValueError:  # its words may show user and password
        raise ValueError("it is not a URL: its host does not hold") from None
    if "@" in parts.netloc:
        raise ValueError("no user and password in a URL: send them in a header whose value is {file: PATH}")
    if parts.fragment or text.endswith("#"):
        raise ValueError("a URL that is asked for has no fragment: take off the # and what follows it")
    if parts.netloc.count(":") > 1 and not parts.netloc.startswith("["):
        raise ValueError("an IPv6 address stands in brackets, as in http://[fd00::1]/")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("the port must be a number from 1 to 65535")
    check_host(parts.netloc[: parts.netloc.rindex(":")] if port is not None else parts.netloc)


def check_url_template(text: str) -> str:
    """The URL as it stands. Raises ValueError for what is wrong whatever its placeholders hold."""
    if placeholders(text):
        _check_letters(text)
        if not text.lower().startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://, not with a placeholder")
        if "@" in text.split("://", 1)[1].split("/", 1)[0]:
            raise ValueError("no user and password in a URL: send them in a header whose value is {file: PATH}")
    else:
        check_url(fill(text, {}))
    return text


def parse_address(text: str) -> Address:
    """`host:port`, `[IPv6]:port`. Raises ValueError."""
    _check_letters(text)
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError("it needs a host and a port, as in core.bank:1521")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65_535):
        raise ValueError("the port must be a number from 1 to 65535")
    return Address(check_host(host), int(port))


def check_address_template(text: str) -> str:
    """The address as it stands. Raises ValueError for what is wrong whatever its placeholders hold."""
    if not placeholders(text):
        parse_address(fill(text, {}))
    return text


def check_host(text: str) -> str:
    """The host without brackets. Raises ValueError for one that programs read in more than one way."""
    if not text:
        raise ValueError("the host is missing")
    if "@" in text:  # first of all: what follows shows the text
        raise ValueError("no user and password in an address: write the host alone")
    if text.startswith("["):
        host = _check_ipv6(text)
    elif not text.isascii():
        raise ValueError(f"{text!r} is not ASCII: write the host in its xn-- form{_idna_hint(text)}")
    elif ":" in text:
        raise ValueError("an IPv6 address stands in brackets, as in [fd00::1]")
    else:
        host = text
        _check_name(text)
    refuse_metadata(host)
    return host


def refuse_metadata(host: str) -> None:
    """Raises ValueError when the host is, as an IP address, one of a cloud's metadata addresses."""
    if is_metadata(host):
        raise ValueError(f"{host} is a cloud's metadata address, and is never connected to")


def _check_letters(text: str) -> None:
    if text.isprintable() and " " not in text and "\\" not in text:  # all that is not is found below
        return
    for letter in text:
        if letter.isspace() or not letter.isprintable() or letter == "\\":
            raise ValueError(f"it holds {letter!r}: no spaces, control characters or backslashes")


def _check_ipv6(text: str) -> str:
    host = text[1:-1]
    if "%" in host:
        raise ValueError("no zone in an IPv6 address: it means another network on each machine")
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError(f"{text} is not an IPv6 address") from None
    if not text.endswith("]"):
        raise ValueError(f"{text} lacks its closing bracket")
    return host


def _check_name(text: str) -> None:
    labels = text.removesuffix(".").split(".")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        if not _IPV4.fullmatch(text):
            raise ValueError(f"{text} is an odd way to write an IPv4 address: write four numbers, as in 10.1.2.3")
        return
    if len(text) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{text!r} is not a host name")


def _idna_hint(text: str) -> str:
    try:
        return f", {text.encode('idna').decode('ascii')}, if that is the one you mean"
    except UnicodeError:
        return ""
