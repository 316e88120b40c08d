"""The certificate that the simulated bank shows: host names enter; an authority's file and a server's TLS leave."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAYS = 90
"""How long it holds: over the 30 days from which on the rules ask for a new one."""


def certify(folder: Path, hosts: Sequence[str], *, now: datetime) -> ssl.SSLContext:
    """Write authority.pem, new for this run, and show a certificate of its for these hosts."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ebank-sentinel demo")])

    def built(subject: x509.Name, public: ec.EllipticCurvePublicKey, *more: tuple[x509.ExtensionType, bool]) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=_DAYS))
        )
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority = built(issuer, authority_key.public_key(), (x509.BasicConstraints(ca=True, path_length=None), True))
    leaf = built(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])]),
        key.public_key(),
        (x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False),
    )
    (folder / "authority.pem").write_bytes(authority)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = folder / "secrets" / "server.pem"  # the module ssl reads files only
    shown.touch(mode=0o600)
    shown.write_bytes(private + leaf)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    return context
