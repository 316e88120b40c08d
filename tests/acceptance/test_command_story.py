"""The program as people at a terminal, systemd and Prometheus use it, in real time."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import time
from contextlib import closing
from pathlib import Path

from support.driven_clock import eventually
from support.scene import environment
from support.service import COMMAND, command, one_rule, serving

PROBES = {"login": '{http: {url: "@TARGET@/login"}, every: 500ms, timeout: 500ms}'}
RULE = one_rule("login", "not up")
ALARM = ("wang.fang sms 三级 出故障", "wang.fang mail [三级] 出故障", "hook hook alarm III 出故障")
ALL_CLEAR = ("wang.fang sms 已恢复 出故障", "wang.fang mail [已恢复] 出故障", "hook hook resolved III 出故障")


async def test_an_incident_is_listed_shown_and_taken_by_one_person(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        await service.start()
        nothing = await service.command("incident", "list")
        assert (nothing.status, nothing.out.strip()) == (0, "no incident is open")

        service.target.status["/login"] = 500
        await service.pages_arrive(*ALARM)
        listed = await service.command("incident", "list", "--json")
        (incident,) = json.loads(listed.out)["incidents"]
        assert (incident["rule"], incident["severity"], incident["ack"]) == ("in-trouble", "III", None)
        code = incident["code"]

        first = await service.command("incident", "ack", code, "--as", "wang.fang", "--note", "在看")
        assert (first.status, first.out.strip()) == (0, f"Acknowledged: {code} is taken by 王芳")
        second = await service.command("incident", "ack", code, "--as", "li.lei")
        assert second.status == 0
        assert second.out.startswith(f"Already acknowledged: {code} was taken by 王芳 at ")
        stranger, gone, shown = await asyncio.gather(
            service.command("incident", "ack", code, "--as", "nobody"),
            service.command("incident", "ack", "0000", "--as", "li.lei"),
            service.command("incident", "show", code),
        )
        assert (stranger.status, gone.status, shown.status) == (1, 1, 0)
        assert "there is no person 'nobody' in the contacts" in stranger.err
        assert "no open incident has the code or id '0000'" in gone.err
        for words in ("出故障", "login", "taken by: 王芳", "wang.fang: 在看", "wang.fang by sms: accepted, 1 attempts"):
            assert words in shown.out, shown.out

        service.target.status["/login"] = 200
        await service.pages_arrive(*ALL_CLEAR)
        ended = await service.command("incident", "list", "--ended", "--json")
        assert [one["ended_as"] for one in json.loads(ended.out)["incidents"]] == ["resolved"]


async def test_a_test_page_arrives_on_every_channel_of_the_person_and_opens_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        await service.start()
        sent = await service.command("page", "li.lei", "--test")
        assert (sent.status, sent.out.strip()) == (0, "sent by sms, mail")
        await service.pages_arrive("li.lei sms 测试 四级 试发通知", "li.lei mail [测试")
        assert await service.incidents(ended=True) == []
        unknown = await service.command("page", "li.lie", "--test")
        assert unknown.status == 2
        assert "there is no person 'li.lie'" in unknown.err
        assert "li.lei" in unknown.err


async def test_a_probe_is_read_once_by_hand_and_its_status_says_whether_it_is_up(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:  # the daemon need not run
        up = await service.command("probe", "login")
        assert up.status == 0
        assert up.out.startswith("up")
        assert "latency_ms" in up.out
        service.target.status["/login"] = 503
        down = await service.command("probe", "login", "--json")
        assert down.status == 1
        (reading,) = json.loads(down.out)["readings"]
        assert (reading["up"], reading["error"], reading["fields"]["status"]) == (False, "status", 503)
        wrong = await service.command("probe", "logn")
        assert wrong.status == 2
        assert "login" in wrong.err
        asked = await service.command("incident", "list")
        assert asked.status == 1
        assert "the daemon does not answer on 127.0.0.1:" in asked.err
        await service.start()  # what the end of every scene looks at is there


async def test_its_doors_are_open_and_a_reload_takes_up_what_changed(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        await service.start()
        for path, words in (
            ("/-/healthy", "healthy"),
            ("/-/ready", "ready"),
            ("/metrics", 'sentinel_targets{probe="login"} 1.0'),
        ):
            async with service.session.get(service.url + path) as response:
                assert response.status == 200
                assert words in await response.text()
        service.files.put("rules/rules.yaml", "rules:\n" + one_rule("login", "up", severity="II"))
        assert await service.post("/-/reload") == (200, "reloaded\n")
        await service.pages_arrive(
            "wang.fang sms 二级 出故障",
            "wang.fang mail [二级] 出故障",
            "zhao.hang sms 二级 出故障",
            "zhao.hang mail [二级] 出故障",
            "hook hook alarm II 出故障",
        )


async def test_sigterm_ends_it_well_within_ten_seconds_though_a_gateway_hangs_and_the_text_goes_out_later(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        await service.start()
        service.receivers.sms.hang = True
        service.target.status["/login"] = 500
        await service.pages_arrive(*ALARM)
        began = time.monotonic()
        assert await service.stops(within=10) == 0
        assert time.monotonic() - began < 10
        assert [line["event"] for line in service.log if line["event"] == "stopped"] == ["stopped"]
        service.receivers.sms.hang = False
        await service.start()
        await eventually(lambda: len(service.receivers.sms.asked) == 2)
        first, again = service.receivers.sms.asked
        assert (again.query["id"], again.query["text"]) == (first.query["id"], first.query["text"])
        service.expect_pages("wang.fang sms 三级 出故障")  # the gateway had it already, and can tell by its id


async def test_a_second_start_on_one_store_ends_with_2_and_names_the_holder(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        await service.start()
        assert service.process is not None
        second = await service.command("run")
        assert second.status == 2
        assert f"the store is in use by process {service.process.pid} on " in second.out + second.err
        assert "Traceback" not in second.out + second.err


async def test_a_port_that_is_taken_ends_it_with_1_and_says_which(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        listen = service.url.removeprefix("http://")
        async with await asyncio.start_server(lambda _reader, _writer: None, *listen.split(":")):
            refused = await service.command("run")
            assert refused.status == 1
            assert f"cannot listen on {listen}: " in refused.out + refused.err
            assert "Traceback" not in refused.out + refused.err
        await service.start()  # the store was left in order


async def test_a_missing_configuration_is_said_in_one_line(tmp_path: Path) -> None:
    ended = await command("run", "-c", str(tmp_path / "none.yaml"))
    assert ended.status == 1
    assert str(tmp_path / "none.yaml") in ended.err
    assert "Traceback" not in ended.out + ended.err


async def test_a_pipe_that_nobody_reads_stalls_neither_probing_nor_the_doors_nor_the_end(tmp_path: Path) -> None:
    nobody = '{promql: {server: "http://127.0.0.1:9", query: up}, every: 100ms, timeout: 100ms}'
    probes = PROBES | {f"noise{number}": nobody for number in range(30)}  # each failure is a line
    async with serving(tmp_path, probes=probes, rules=RULE) as service:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "run",
            "-c",
            str(service.files.configuration),
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
        )
        os.close(writing)
        with open(reading, "rb"):  # noqa: ASYNC230, PTH123 - held open, and never read
            try:
                await eventually(lambda: service.target.asked["/login"] >= 3, seconds=20)
                before = service.target.asked["/login"]
                slowest = 0.0
                for _ in range(10):
                    asked = time.monotonic()
                    async with service.session.get(f"{service.url}/-/healthy") as response:
                        assert response.status == 200
                    slowest = max(slowest, time.monotonic() - asked)
                    await asyncio.sleep(0.3)
                assert service.target.asked["/login"] >= before + 3  # of 6: the machine may be busy, not stalled
                assert slowest < 2
                service.target.status["/login"] = 500
                await service.pages_arrive(*ALARM)
            finally:
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(15):
                    status = await process.wait()
            assert status == 0


async def test_on_a_terminal_a_reading_has_colours_and_the_log_is_for_eyes(tmp_path: Path) -> None:
    async with serving(tmp_path, probes=PROBES, rules=RULE) as service:
        service.target.status["/login"] = 503
        shown = await on_a_terminal("probe", "login", "-c", str(service.files.configuration))
        assert "\x1b[31mdown" in shown
        log = await on_a_terminal("run", "-c", str(service.files.configuration), until="ready")
        assert '{"' not in log
        assert "ready" in log


async def on_a_terminal(*words: str, until: str = "") -> str:
    """What a verb shows on a terminal of its own; SIGINT ends it once `until` has been shown."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *words, env={**environment(), "TERM": "xterm-256color"}, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    shown = bytearray()
    loop = asyncio.get_running_loop()

    def read() -> bytes:
        try:
            return os.read(ours, 4096)
        except OSError:  # nobody holds the other side any more
            return b""

    with closing(os.fdopen(ours, "rb", closefd=True, buffering=0)):
        async with asyncio.timeout(30):
            while chunk := await loop.run_in_executor(None, read):
                shown += chunk
                if until and until.encode() in shown:
                    process.send_signal(signal.SIGINT)
                    until = ""
            assert await process.wait() in (0, 1)
    return shown.decode()
