"""The folder a demo runs in: the example bank and free ports enter, files that the daemon reads leave.

It is laid out as the repository is: deploy/, rules/, contacts/, docs/runbooks/. Secrets are made here, new for every
run, and readable by nobody else.
"""

from __future__ import annotations

import base64
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from ebank_sentinel.demo import overlay
from ebank_sentinel.errors import UsageError

_PROMETHEUS = files("ebank_sentinel.demo") / "bank" / "prometheus.yml"

_DEPLOY = ("branches.csv", "topology.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens on 127.0.0.1."""

    sentinel: int
    ebank: int
    devices: int
    tls: int
    sms: int
    mail: int
    hook: int
    prometheus: int
    lines: Mapping[str, int]  # what is reached by TCP -> its port

    def placeholders(self) -> dict[str, str]:
        """What `${EBANK_PORT}` and its like stand for."""
        names = ("sentinel", "ebank", "devices", "tls", "sms", "mail", "hook", "prometheus")
        return {f"{name.upper()}_PORT": str(getattr(self, name)) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Where the files of one run are, and the secrets that its receivers must know."""

    path: Path
    kannel_password: str
    hook_secret: str  # Standard Webhooks: whsec_ and 24 bytes in base64

    @property
    def configuration(self) -> Path:
        """The file that the daemon is started with."""
        return self.path / "deploy" / "sentinel.yaml"

    @property
    def log(self) -> Path:
        """What the daemon says."""
        return self.path / "sentinel.log"


def check_empty(path: Path) -> None:
    """A run starts from nothing: raises UsageError when the folder holds files, or is none."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is not a folder: name a new or an empty one")
    if path.exists() and any(path.iterdir()):
        raise UsageError(f"the folder {path} is not empty: name a new or an empty one, or remove what is in it")


def make_folder(
    path: Path, bank: Path, sentinel: Mapping[str, Any], *, ports: Ports, with_prometheus: bool
) -> DemoFolder:
    """Copy the example bank into an empty folder, as bank/overlay.yaml turns it. Raises OSError.

    `sentinel`: what its sentinel.yaml says.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    placeholders = ports.placeholders()
    over = overlay.overlay(placeholders)
    for part in ("rules", "contacts", "docs/runbooks"):
        shutil.copytree(bank / part, path / part, ignore=shutil.ignore_patterns("tests"))
    for rules in (path / "rules").glob("*.yaml"):
        if rules.name != overlay.REAL_TIME:
            rules.write_text(overlay.faster(rules.read_text(encoding="utf-8")), encoding="utf-8")
    for key in ("severities", "people"):
        _lay_over(path / "contacts" / f"{key}.yaml", key, over)
    _deploy(path / "deploy", bank / "deploy", over, ports=ports)
    settings = overlay.turned(sentinel, over, lines=ports.lines, with_prometheus=with_prometheus)
    (path / "deploy" / "sentinel.yaml").write_text(settings, encoding="utf-8")
    prometheus = Template(_PROMETHEUS.read_text(encoding="utf-8")).substitute(placeholders)
    (path / "prometheus.yml").write_text(prometheus, encoding="utf-8")
    folder = DemoFolder(
        path=path,
        kannel_password=secrets.token_urlsafe(18),
        hook_secret="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    )
    (path / "deploy" / "secrets").mkdir(mode=0o700)
    _write_secret(path / "deploy" / "secrets" / "kannel.password", folder.kannel_password)
    _write_secret(path / "deploy" / "secrets" / "hook.secret", folder.hook_secret)
    return folder


def _deploy(path: Path, shipped: Path, over: Mapping[str, Any], *, ports: Ports) -> None:
    """The environment: addresses are ports on loopback."""
    (path / "targets").mkdir(parents=True)
    for name in _DEPLOY:
        shutil.copy(shipped / name, path / name)
    shutil.copy(shipped / "times.yaml", path / "times.yaml")
    _lay_over(path / "times.yaml", "times", over)
    for table in (shipped / "targets").glob("*.csv"):
        text = table.read_text(encoding="utf-8")
        key = text.partition(",")[0]
        first = text.splitlines()[1].partition(",")[0]
        text = overlay.with_ports(text, key, ports.lines) if first in ports.lines else text
        (path / "targets" / table.name).write_text(text, encoding="utf-8")


def _lay_over(path: Path, key: str, over: Mapping[str, Any]) -> None:
    """Change some entries of a file."""
    text = overlay.laid_over(path.read_text(encoding="utf-8"), key, over[key])
    path.write_text(text, encoding="utf-8")


def _write_secret(path: Path, secret: str) -> None:
    """A file that is never, not even for a moment, readable by others."""
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n", encoding="utf-8")
