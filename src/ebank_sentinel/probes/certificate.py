"""A certificate, or OpenSSL's refusal of one, enters; the days it has left, or the reason in words, leave."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from ebank_sentinel.model.reading import ProbeError

_SECONDS_PER_DAY = 86_400

# X509_V_ERR_* of OpenSSL's x509_vfy.h; whatever is not here is an odd certificate, told in OpenSSL's words.
_REASONS = {
    9: (ProbeError.TLS_NOT_YET_VALID, "the certificate is not valid yet"),
    10: (ProbeError.TLS_EXPIRED, "the certificate, or one above it, has expired"),
    18: (ProbeError.TLS_SELF_SIGNED, "the certificate is signed by itself, and no `ca` says to trust it"),
    19: (ProbeError.TLS_UNTRUSTED, "the certificate leads to a root that is not trusted here"),
    20: (ProbeError.TLS_UNTRUSTED, "the certificate is signed by an authority that is not trusted here"),
    21: (ProbeError.TLS_UNTRUSTED, "the certificate's authority is unknown: the server may not send its whole chain"),
    2: (ProbeError.TLS_UNTRUSTED, "the certificate's authority is unknown: the server may not send its whole chain"),
    62: (ProbeError.TLS_WRONG_NAME, "the certificate is for another name"),
    64: (ProbeError.TLS_WRONG_NAME, "the certificate is for another IP address"),
}


def why_refused(verify_code: int, verify_message: str) -> tuple[ProbeError, str]:
    """The reason for which OpenSSL refused a certificate, as a word for rules and a line for people."""
    return _REASONS.get(verify_code, (ProbeError.TLS, f"the certificate was refused: {verify_message}"))


def days_left(der: bytes | None, now: datetime) -> float | None:
    """Days until the certificate expires, negative when it has; None for what cannot be read as a certificate."""
    if not der:
        return None
    try:
        expires = x509.load_der_x509_certificate(der).not_valid_after_utc
    except ValueError:
        return None
    return round((expires - now).total_seconds() / _SECONDS_PER_DAY, 3)
