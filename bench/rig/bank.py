"""The bank under measurement: numbers of targets and ports enter, a folder that the daemon runs with leaves."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PERSON = "wang.fang"
NUMBER = "+8613800000001"
MAIL = "wang.fang@bank.example"
DOMAIN = "bank.example"
_PER_BRANCH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens on 127.0.0.1; 0 for a receiver that there is not."""

    sentinel: int
    targets: int
    sms: int = 0
    mail: int = 0
    hook: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFolder:
    """Where the files lie, and what its receivers must know."""

    path: Path
    ports: Ports
    hook_secret: str

    @property
    def configuration(self) -> Path:
        """What the daemon is started with."""
        return self.path / "sentinel.yaml"

    @property
    def store(self) -> Path:
        """The daemon's SQLite file."""
        return self.path / "sentinel.db"

    @property
    def url(self) -> str:
        """The daemon's address."""
        return f"http://127.0.0.1:{self.ports.sentinel}"


def make_bank(
    path: Path, *, ports: Ports, targets: int, every: str, timeout: str, rules: Sequence[dict[str, Any]]
) -> BankFolder:
    """Write everything; every incident pages one person, and the webhook, on each channel that has a port."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    folder = BankFolder(path=path, ports=ports, hook_secret=secret)
    via = [name for name in ("sms", "mail", "hook") if getattr(ports, name)]
    for part in ("contacts", "rules"):
        (path / part).mkdir(parents=True, exist_ok=True)
    (path / "hook.secret").write_text(secret)
    (path / "hook.secret").chmod(0o600)
    keys = [f"T{number:05}" for number in range(targets)]
    rows = [f"{key},{number // _PER_BRANCH:04}" for number, key in enumerate(keys)]
    (path / "targets.csv").write_text("terminal,branch\n" + "\n".join(rows) + "\n")
    http = {
        "url": f"http://127.0.0.1:{ports.targets}/t/{{terminal}}",
        "expect": {"status": [200], "json": {"status": "UP"}},
        "read": {"queue": "queue.depth"},
    }
    _write(
        folder.configuration,
        {
            "bank": {"name": "示例银行", "language": "zh-CN", "timezone": "Asia/Shanghai"},
            "store": "sqlite:///sentinel.db",
            "listen": f"127.0.0.1:{ports.sentinel}",
            "external_url": folder.url,
            "rules": ["rules/"],
            "contacts": "contacts/",
            "probes": {
                "atm": {
                    "http": http,
                    "targets": {"csv": "targets.csv", "key": "terminal"},
                    "every": every,
                    "timeout": timeout,
                }
            },
            "channels": {name: _channel(name, ports) for name in via},
        },
    )
    _write(path / "rules" / "atm.yaml", {"rules": list(rules)})
    _write(
        path / "contacts" / "people.yaml",
        {"people": {PERSON: {"name": "王芳", "language": "zh-CN", "sms": NUMBER, "email": MAIL}}},
    )
    _write(
        path / "contacts" / "groups.yaml",
        {"groups": {"technical": {"title": {"zh-CN": "技术支持组", "en": "Technical support"}, "members": [PERSON]}}},
    )
    _write(path / "contacts" / "escalation.yaml", {"escalations": {"default": {"steps": [{"page": "on_call"}]}}})
    levels = {level: {"via": via, "wait": "5m"} for level in ("I", "II", "III", "IV")}
    _write(path / "contacts" / "severities.yaml", {"severities": levels})
    return folder


def rule(name: str, when: str, **more: Any) -> dict[str, Any]:
    """A rule on the bank's one probe."""
    return {
        "id": name,
        "title": {"zh-CN": "终端失联", "en": "Not answering"},
        "impact": {"zh-CN": "无法取款", "en": "no withdrawals"},
        "watch": "atm",
        "when": when,
        "category": "device",
        "severity": "III",
        "groups": ["technical"],
        **more,
    }


def _channel(name: str, ports: Ports) -> dict[str, Any]:
    match name:
        case "sms":
            return {
                "sms_http": {
                    "url": f"http://127.0.0.1:{ports.sms}/sms",
                    "params": {"to": "{to}", "text": "{text}", "id": "{id}"},
                }
            }
        case "mail":
            return {"email": {"host": "127.0.0.1", "port": ports.mail, "sender": f"sentinel@{DOMAIN}", "tls": "none"}}
        case _:
            return {
                "webhook": {"url": f"http://127.0.0.1:{ports.hook}/hook", "secret": {"file": "hook.secret"}},
            }


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
