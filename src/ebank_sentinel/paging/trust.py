"""Whom a channel believes: the name of a file with authorities enters, a TLS context that verifies leaves."""

from __future__ import annotations

import ssl
from pathlib import Path


def trust(ca: str | None, folder: Path) -> ssl.SSLContext:
    """TLS 1.2 or later against an own authority, or the machine's. Raises ValueError: it names the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is None:
        context.load_default_certs()
        return context
    path = folder / ca
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no certificates in PEM form") from None
    except OSError as error:
        raise ValueError(f"cannot read the authorities in {path}: {error.strerror}") from None
    return context


def tls_words(error: BaseException) -> str | None:
    """Why TLS failed, in words, when that is what an error or one of its causes says; else None."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):  # aiohttp's own is one too, without the words
            words = getattr(seen, "verify_message", "") or getattr(seen.__cause__, "verify_message", "")
            return f"its certificate is not trusted ({words})"
        if isinstance(seen, ssl.SSLError):
            return f"TLS failed ({seen.reason or type(seen).__name__})"
        seen = seen.__cause__ or seen.__context__
    return None
