"""From a failing page to a phone, through a real Kannel and its fake SMSC."""

from pathlib import Path

import pytest

from support.bank_files import CHANNELS
from support.driven_clock import eventually
from support.kannel import PASSWORD, USER, kannel
from support.service import one_rule, serving

pytestmark = pytest.mark.real

PROBES = {"login": '{http: {url: "@TARGET@/login"}, every: 500ms, timeout: 500ms}'}


async def test_the_text_of_an_incident_arrives_at_the_smsc_in_ucs_2_with_its_chinese_intact(tmp_path: Path) -> None:
    (tmp_path / "kannel").mkdir()
    with kannel(tmp_path / "kannel") as gateway:
        password = "{file: kannel.password}"
        sms = f"{{sms_http: {{profile: kannel, url: '{gateway.url}', user: {USER}, password: {password}}}}}"
        bank = tmp_path / "bank"
        bank.mkdir()
        (bank / "kannel.password").write_text(PASSWORD, encoding="utf-8")
        (bank / "kannel.password").chmod(0o600)
        rule = one_rule("login", "not up", "impact: {zh-CN: 手机网银登不上, en: mobile logins fail}")
        async with serving(bank, probes=PROBES, rules=rule, channels={**CHANNELS, "sms": sms}) as service:
            await service.start()
            service.target.status["/login"] = 500
            await service.pages_arrive("wang.fang mail [三级] 出故障", "hook hook alarm III 出故障")
            await eventually(lambda: bool(gateway.delivered), seconds=20)
            service.target.status["/login"] = 200
            await service.pages_arrive("wang.fang mail [已恢复] 出故障", "hook hook resolved III 出故障")
            await eventually(lambda: len(gateway.delivered) >= 2, seconds=20)
            alarm, all_clear = gateway.delivered
            pages = {page["reason"]: page["text"] for page in (await service.get("/api/v1/pages"))["pages"]}
            assert (alarm.receiver, alarm.type, alarm.text) == ("+8613800000001", "ucs-2", pages["first"])
            assert alarm.text.startswith("【示例银行】三级 出故障 ")
            assert "影响:全行手机网银登不上" in alarm.text
            assert (all_clear.type, all_clear.text) == ("ucs-2", pages["resolved"])
            assert all_clear.text.startswith("【示例银行】已恢复 出故障 ")
