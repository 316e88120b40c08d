"""A real Kannel on loopback, with its fake SMSC: a text enters at sendsms, what a phone gets leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from support.daemons import listens, running
from support.real import free_port, program

USER = "bank"
PASSWORD = "geheim & 密码"

# `fakesmsc` prints what it was told to deliver in its own message format: sender, receiver, type, data; `udh`
# comes with a header before it, which says what part of which text this is.
_DELIVERED = re.compile(
    r"Got message \d+: <\S+ (?P<receiver>\S+) (?:udh (?P<header>\S+) )?(?P<type>\S+) (?P<data>.*)>$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One message that left Kannel; a long text is several, in order."""

    receiver: str
    type: str  # "ucs-2"; "text" for the 7-bit alphabet; "data" for a part of a long text in UCS-2
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kannel:
    """A gateway that runs."""

    url: str  # of sendsms
    smsc_log: Path

    @property
    def delivered(self) -> list[Delivered]:
        """What came out at the SMSC, in order."""
        return [
            Delivered(receiver=found["receiver"], type=found["type"], text=_decoded(found["type"], found["data"]))
            for found in _DELIVERED.finditer(self.smsc_log.read_text(errors="replace"))
        ]


def _decoded(kind: str, data: str) -> str:
    return data if kind == "text" else unquote_to_bytes(data.replace("+", " ")).decode("utf-16-be")


@contextmanager
def kannel(folder: Path) -> Iterator[Kannel]:
    """A Kannel with its own folder and ports."""
    bearerbox, smsbox, fakesmsc = program("bearerbox"), program("smsbox"), program("fakesmsc")
    admin, boxes, sendsms, smsc = (free_port() for _ in range(4))
    config = folder / "kannel.conf"
    config.write_text(
        f"""
group = core
admin-port = {admin}
admin-password = admin
admin-interface = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = *.*.*.*

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789+ "
global-sender = 95000

group = sendsms-user
username = {USER}
password = "{PASSWORD}"
max-messages = 3
concatenation = true

group = sms-service
keyword = default
text = "no reply"
"""
    )
    for name in ("bearerbox", "smsbox", "smsc"):
        (folder / name).mkdir()
    bearer_log, smsc_log = folder / "bearerbox" / "output.log", folder / "smsc" / "output.log"
    with (
        running([bearerbox, str(config)], folder=folder / "bearerbox", ready=lambda: listens(boxes)),
        running([smsbox, str(config)], folder=folder / "smsbox", ready=lambda: listens(sendsms)),
        running(
            [fakesmsc, "-H", "127.0.0.1", "-r", str(smsc), "-m", "0", "1 2 text none"],
            folder=folder / "smsc",
            ready=lambda: "Fakesmsc client connected" in bearer_log.read_text(errors="replace"),
        ),
    ):
        yield Kannel(url=f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms", smsc_log=smsc_log)
