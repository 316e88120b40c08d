"""A small bank's configuration for stories: ports enter, the files that a daemon reads leave, to be changed at will."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOOK_SECRET = "whsec_" + base64.b64encode(b"story-of-a-bank-at-night").decode()

PEOPLE = {"wang.fang": "1", "li.lei": "2", "zhao.hang": "3", "chen.jing": "5", "zhou.min": "8"}
"""Who there is, and the last digit of each one's number."""

_CONTACTS = {
    "people": "people:\n"
    + "".join(
        f'  {person}: {{name: {name}, language: zh-CN, sms: "+861380000000{PEOPLE[person]}",'
        f" email: {person}@bank.example}}\n"
        for person, name in zip(PEOPLE, ("王芳", "李雷", "赵行", "陈静", "周敏"), strict=True)
    ),
    "groups": """\
groups:
  technical: {title: {zh-CN: 技术支持组, en: Technical support}, members: [wang.fang, li.lei], rota: technical}
  command: {title: {zh-CN: 应急领导小组, en: Command}, members: [zhao.hang]}
  customer_service: {title: {zh-CN: 客户服务组, en: Customer service}, members: [chen.jing]}
  atm_desk: {title: {zh-CN: 自助设备岗, en: ATM desk}, members: [zhou.min]}
""",
    "rota": "rotas:\n  technical: {layers: [{people: [wang.fang], from: 2026-01-05T09:00, every: 1w}]}\n",
    "severities": """\
severities:
  I: {via: [sms, mail, hook], wait: 3m, groups: [command]}
  II: {via: [sms, mail, hook], wait: 5m, groups: [command]}
  III: {via: [sms, mail, hook], wait: 10m}
  IV: {via: [mail], wait: 30m, during: business}
""",
    "escalation": "escalations:\n  default: {steps: [{page: on_call}]}\n",
}

LOGIN_PROBE = '{http: {url: "@TARGET@/login", read: {rate: rate}}, every: 10s, timeout: 5s, labels: {service: login}}'

LOGIN_RULE = """\
  - id: login-success-low
    title: {zh-CN: 登录失败, en: Logins failing}
    number: {zh-CN: "成功率{rate:.0%}", en: "success {rate:.0%}"}
    normal: "98%"
    impact: {zh-CN: 手机网银登不上, en: mobile logins fail}
    watch: login
    when: rate < 0.95
    for: 3m
    clear_after: 2m
    category: system
    severity: III
    flags: [degraded]
    groups: [technical]
    tell: [customer_service]
    worse:
      - {when: rate < 0.80, for: 2m, severity: II, flags: [outage]}
"""

CHANNELS = {
    "sms": '{sms_http: {url: "http://127.0.0.1:@SMS@/send", params: {to: "{to}", text: "{text}", id: "{id}"}}}',
    "mail": "{email: {host: 127.0.0.1, port: @MAIL@, sender: sentinel@bank.example}}",
    "hook": '{webhook: {url: "http://127.0.0.1:@HOOK@/", secret: {file: hook.secret}}}',
}
"""The text gateway is asked with the page's id, so that a receiver can tell a repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFiles:
    """The folder of one configuration. Files are plain text: a story changes them as an SRE does."""

    folder: Path
    places: Mapping[str, str]  # what @TARGET@, @SMS@, @MAIL@, @HOOK@ and @LISTEN@ stand for

    @property
    def configuration(self) -> Path:
        """sentinel.yaml."""
        return self.folder / "sentinel.yaml"

    @property
    def store(self) -> Path:
        """The store, in a folder of its own."""
        return self.folder / "state" / "sentinel.db"

    def write(
        self,
        *,
        probes: Mapping[str, str] | None = None,
        rules: str = LOGIN_RULE,
        channels: Mapping[str, str] | None = None,
    ) -> None:
        """All files; a story that says nothing watches logins."""
        self.store.parent.mkdir(parents=True, exist_ok=True)
        self.put_sentinel(probes=probes, channels=channels)
        self.put("times.yaml", "times:\n  business: mon-fri 08:30-17:30\n")
        self.put("rules/rules.yaml", f"rules:\n{rules}")
        for name, text in _CONTACTS.items():
            self.put(f"contacts/{name}.yaml", text)
        self.put("hook.secret", HOOK_SECRET)
        (self.folder / "hook.secret").chmod(0o600)

    def put_sentinel(
        self, *, probes: Mapping[str, str] | None = None, channels: Mapping[str, str] | None = None
    ) -> None:
        """sentinel.yaml alone."""
        lines = [
            "bank: {name: 示例银行, language: zh-CN, timezone: Asia/Shanghai}",
            "store: sqlite:///state/sentinel.db",
            "listen: @LISTEN@",
            "rules: [rules/]",
            "contacts: contacts/",
            "times: times.yaml",
            "probes:",
            *(f"  {name}: {text}" for name, text in (probes or {"login": LOGIN_PROBE}).items()),
            "channels:",
            *(f"  {name}: {text}" for name, text in (channels or CHANNELS).items()),
        ]
        self.put("sentinel.yaml", "\n".join(lines) + "\n")

    def put(self, name: str, text: str) -> None:
        """One file, its placeholders filled."""
        for word, place in self.places.items():
            text = text.replace(f"@{word}@", place)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
