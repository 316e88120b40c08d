"""The folder a demo runs in: the bank's templates and free ports enter, files that the daemon reads leave.

Secrets are made here, new for every run, and readable by nobody else.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ebank_sentinel.errors import UsageError

BANK: Traversable = files("ebank_sentinel.demo") / "bank"
"""The files of the simulated bank, as they ship in the package."""

_TEMPLATES = {"sentinel.yaml", "prometheus.yml", "login_rate_promql.yaml", "login_rate_http.yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens on 127.0.0.1."""

    sentinel: int
    ebank: int
    atm: int
    sms: int
    mail: int
    hook: int
    prometheus: int

    def placeholders(self) -> dict[str, str]:
        """What `${EBANK_PORT}` and its like stand for."""
        return {f"{name.upper()}_PORT": str(port) for name, port in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Where the files of one run are, and the secrets that its receivers must know."""

    path: Path
    kannel_password: str
    hook_secret: str  # Standard Webhooks: whsec_ and 24 bytes in base64

    @property
    def configuration(self) -> Path:
        """The file that the daemon is started with."""
        return self.path / "sentinel.yaml"

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


def make_folder(path: Path, *, ports: Ports, with_prometheus: bool) -> DemoFolder:
    """Write the bank's files and its secrets into an empty folder. Raises OSError when it cannot be written."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    placeholders = ports.placeholders()
    kind = "promql" if with_prometheus else "http"
    placeholders["LOGIN_RATE"] = _filled(BANK / f"login_rate_{kind}.yaml", placeholders).rstrip("\n")
    _copy(BANK, path)
    for name in ("sentinel.yaml", "prometheus.yml"):
        (path / name).write_text(_filled(BANK / name, placeholders), encoding="utf-8")
    folder = DemoFolder(
        path=path,
        kannel_password=secrets.token_urlsafe(18),
        hook_secret="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    )
    (path / "secrets").mkdir(mode=0o700)
    _write_secret(path / "secrets" / "kannel.password", folder.kannel_password)
    _write_secret(path / "secrets" / "hook.secret", folder.hook_secret)
    return folder


def _copy(source: Traversable, target: Path) -> None:
    """Copy a folder of the package, apart from the templates."""
    for entry in source.iterdir():
        if entry.is_dir():
            (target / entry.name).mkdir()
            _copy(entry, target / entry.name)
        elif entry.name not in _TEMPLATES and entry.name.endswith((".yaml", ".csv")):
            (target / entry.name).write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")


def _filled(template: Traversable, placeholders: Mapping[str, str]) -> str:
    """A template with its placeholders in place; one that nothing stands for is a KeyError."""
    return string.Template(template.read_text(encoding="utf-8")).substitute(placeholders)


def _write_secret(path: Path, secret: str) -> None:
    """A file that is never, not even for a moment, readable by others."""
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n", encoding="utf-8")
