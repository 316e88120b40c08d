"""An exception of the network enters, the reason that a reading carries leaves: a word for rules, a line for people."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import aiohttp
from aiohttp import http_exceptions

from ebank_sentinel.model.reading import ProbeError
from ebank_sentinel.probes.certificate import why_refused

_LONGEST_DETAIL = 300  # characters: it stands on one line of a log and of a mail

_BY_ERRNO = {
    **dict.fromkeys(
        (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN),
        (ProbeError.UNREACHABLE, "there is no way to the host"),
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM),
        (ProbeError.UNREACHABLE, "this machine may not connect there: a firewall or a sandbox forbids it"),
    ),
    **dict.fromkeys(
        (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ESHUTDOWN, errno.ENOTCONN),
        (ProbeError.RESET, "the peer reset the connection"),
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL),
        (ProbeError.LOCAL, "this machine has run out of descriptors, memory or ports"),
    ),
    errno.ECONNREFUSED: (ProbeError.REFUSED, "the connection was refused: nobody listens there"),
    errno.ETIMEDOUT: (ProbeError.TIMEOUT, "the connection timed out"),
}


class Failed(Exception):
    """What was probed did not hold: the reason for rules, the words for people."""

    def __init__(self, error: ProbeError, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = one_line(detail)


class ForbiddenAddress(OSError):
    """An address that is never connected to, whatever a file or a DNS server says."""


def one_line(text: str, longest: int = _LONGEST_DETAIL) -> str:
    """The text on one line, without control characters and lone surrogates, cut to a length that a person reads."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def explain(error: Exception) -> Failed | None:
    """Why the network failed; None when the exception is not one of the network."""
    match error:
        case Failed():
            reason = error
        case aiohttp.ClientConnectorCertificateError() if isinstance(error.certificate_error, Exception):
            reason = _explain_refused(error.certificate_error)
        case ssl.CertificateError():
            reason = _explain_refused(error)
        case aiohttp.ClientConnectorError():
            reason = _explain_os(error.os_error)
        case aiohttp.ServerDisconnectedError() | asyncio.IncompleteReadError():
            reason = Failed(ProbeError.RESET, "the server hung up without an answer")
        case aiohttp.ClientPayloadError():
            reason = _explain_payload(error)
        case OSError():
            reason = _explain_os(error)
        case aiohttp.ClientError() | http_exceptions.HttpProcessingError() | UnicodeError():
            words = one_line(getattr(error, "message", "") or str(error), 120)
            reason = Failed(ProbeError.PROTOCOL, f"the answer is not what it should be: {words}")
        case _:
            return None
    return reason


def _explain_refused(error: Exception) -> Failed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(*why_refused(error.verify_code, error.verify_message))
    return Failed(ProbeError.TLS, f"the certificate was refused: {error}")


def _explain_payload(error: aiohttp.ClientPayloadError) -> Failed:
    """A body that ended too early, or whose chunks make no sense."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, http_exceptions.ContentLengthError):
            return Failed(ProbeError.RESET, "the server hung up before the whole body was there")
        if isinstance(cause, OSError):
            return _explain_os(cause)
        cause = cause.__cause__
    if "Not enough data" in str(error) or "not completed" in str(error):
        return Failed(ProbeError.RESET, "the server hung up before the whole body was there")
    return Failed(ProbeError.PROTOCOL, "the body is not framed as HTTP says")


def _explain_os(error: OSError) -> Failed:
    match error:
        case socket.gaierror():
            return Failed(ProbeError.DNS, f"the name was not resolved: {error.strerror}")
        case ForbiddenAddress():
            return Failed(ProbeError.UNREACHABLE, str(error))
        case ssl.SSLError():
            return Failed(ProbeError.TLS, f"the TLS handshake failed: {_tls_words(error)}")
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            number: int | None = errno.ECONNRESET  # asyncio raises them without a number
        case TimeoutError():
            number = errno.ETIMEDOUT
        case _:
            number = error.errno
    unknown = (ProbeError.UNREACHABLE, f"the connection failed: {error.strerror or error}")
    return Failed(*_BY_ERRNO.get(number or 0, unknown))


def _tls_words(error: ssl.SSLError) -> str:
    """What OpenSSL says, as words: `SSLV3_ALERT_HANDSHAKE_FAILURE` reads `sslv3 alert handshake failure`."""
    if error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the peer hung up"
    return "no reason given"
