"""A real nginx with certificates that are wrong in one way each: every incident says in which."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Authority
from support.nginx import nginx
from support.real import free_port
from support.service import one_rule, serving

pytestmark = pytest.mark.real

WRONG: dict[str, dict[str, Any]] = {
    "tls_expired": {"name": "127.0.0.1", "valid_to": timedelta(days=-1)},
    "tls_not_yet_valid": {"name": "127.0.0.1", "valid_from": timedelta(days=1)},
    "tls_wrong_name": {"name": "ebank.example"},
    "tls_self_signed": {"name": "127.0.0.1", "self_signed": True},
}


def a_server(authority: Authority, port: int, *, name: str, **wrong: Any) -> str:
    """A server of nginx that shows such a certificate."""
    shown = authority.sign(name, **wrong)
    return f"""
      server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {shown.certificate};
        ssl_certificate_key {shown.key};
        location / {{ return 200 "fine"; }}
      }}"""


async def test_each_wrong_certificate_opens_an_incident_with_its_own_reason(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ports = {reason: free_port() for reason in WRONG}
    servers = "".join(a_server(authority, ports[reason], **wrong) for reason, wrong in WRONG.items())
    rows = ", ".join(f'{{reason: {reason}, port: "{port}"}}' for reason, port in ports.items())
    targets = f"targets: {{key: reason, rows: [{rows}]}}, every: 500ms, timeout: 500ms"
    probes = {
        "site": f'{{http: {{url: "https://127.0.0.1:{{port}}/", tls: {{ca: "{authority.file}"}}}}, {targets}}}',
        "certificate": f'{{tls: {{address: "127.0.0.1:{{port}}", ca: "{authority.file}"}}, {targets}}}',
    }
    rules = one_rule("site", "not up", 'number: {zh-CN: "原因{error}", en: "reason {error}"}')
    rules += one_rule("certificate", "error == label.reason").replace("in-trouble", "bad-certificate")
    with nginx(tmp_path / "nginx", f"server {{ listen 127.0.0.1:@PORT@; }}{servers}"):
        async with serving(tmp_path / "bank", probes=probes, rules=rules) as service:
            await service.start()
            expected = []
            for reason in WRONG:
                expected += [
                    f"wang.fang sms 三级 出故障 原因{reason} ",
                    f"wang.fang mail [三级] 出故障 {reason}",
                    "hook hook alarm III 出故障",
                    "wang.fang sms 三级 出故障 ",
                    f"wang.fang mail [三级] 出故障 {reason}",
                    "hook hook alarm III 出故障",
                ]
            await service.pages_arrive(*expected)
            opened = {(one["rule"], one["target"]["key"]) for one in await service.incidents()}
            assert opened == {(rule, reason) for rule in ("in-trouble", "bad-certificate") for reason in WRONG}
            (mail,) = [
                str(mail.get_content())
                for mail in service.receivers.mail.mails
                if "tls_expired" in str(mail["Subject"]) and "in-trouble" in str(mail.get_content())
            ]
            assert re.search(r"\n  error +tls_expired \(.*expired.*\)\r?\n", mail), mail
