"""The whole program in one process: start, reload, what fails while it runs, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ebank_sentinel.clock import SystemClock
from ebank_sentinel.config import LastGood
from ebank_sentinel.daemon import Daemon, program, watches
from ebank_sentinel.errors import ConfigError, SentinelError, StoreDamaged, StoreInUse, StoreRefused
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.ledger import Delta
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.systemd import Notifier
from support.driven_clock import eventually
from support.loopback_daemon import CHANNELS, PROBES, RULE, LoopbackDaemon, running_daemon


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LoopbackDaemon]:
    async with running_daemon(tmp_path) as bank:
        yield bank


@pytest.fixture
def short_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that never answers is not waited for as long as in earnest."""
    monkeypatch.setattr(program, "DRAIN_SENDS", 0.5)


def another(bank: LoopbackDaemon) -> Daemon:
    """A second program on the same files."""
    return Daemon(
        bank.files.configuration, clock=SystemClock(), metrics=Metrics(), notifier=Notifier({}), credentials=None
    )


def value(bank: LoopbackDaemon, name: str) -> float | None:
    return bank.metrics.registry.get_sample_value(name)


def change(bank: LoopbackDaemon, old: str, new: str) -> None:
    path = bank.files.configuration
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def holds(file: Path, text: str) -> bool:
    """A folder that is being replaced has no files for a moment."""
    with contextlib.suppress(FileNotFoundError):
        return text in file.read_text(encoding="utf-8")
    return False


# -- start --------------------------------------------------------------------------------------------


async def test_a_second_start_on_the_same_store_names_the_holder(bank: LoopbackDaemon) -> None:
    with pytest.raises(StoreInUse, match="in use by process"):
        await another(bank).run()


async def test_a_port_that_is_taken_is_named_and_everything_that_began_is_ended(tmp_path: Path) -> None:
    tasks = asyncio.all_tasks()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with running_daemon(tmp_path) as bank:
            pass
        change(bank, f"127.0.0.1:{bank.port}", f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SentinelError, match=rf"cannot listen on 127.0.0.1:{taken.getsockname()[1]}: "):
            await another(bank).run()
    await eventually(lambda: asyncio.all_tasks() == tasks)
    async with asyncio.timeout(5):
        await asyncio.to_thread(_open_and_close, bank.files.store)


def _open_and_close(path: Path) -> None:
    from ebank_sentinel.state.lock import FileLock  # noqa: PLC0415 - a look at the lock alone

    FileLock(path.with_name(path.name + ".lock")).release()


async def test_a_start_with_broken_files_runs_the_last_good_ones_and_pages_the_technical_group(tmp_path: Path) -> None:
    async with running_daemon(tmp_path) as bank:
        pass
    change(bank, "bank:", "bnak:")
    daemon = another(bank)
    listening = asyncio.Event()
    running = asyncio.create_task(daemon.run(listening=lambda _: listening.set()))
    await asyncio.wait_for(listening.wait(), 60)
    # The gateway of before is gone, so the text waits: that it is there is what counts.
    await eventually(lambda: {page.reason for page in daemon._flow.desk.ledger.pages.values()} >= {Reason.CONFIG})
    status, body, _ = await bank.ask("GET", "/-/ready")
    assert status == 200
    assert "the configuration on disk does not hold, the last good one runs" in body
    daemon.stop()
    await running


async def test_a_start_with_broken_files_and_no_good_ones_names_every_mistake(tmp_path: Path) -> None:
    bank_file = tmp_path / "sentinel.yaml"
    bank_file.write_text("bnak: {}\n", encoding="utf-8")
    daemon = Daemon(bank_file, clock=SystemClock(), metrics=Metrics(), notifier=Notifier({}), credentials=None)
    with pytest.raises(ConfigError, match='unknown key: did you mean "bank"'):
        await daemon.run()


async def test_a_damaged_store_ends_the_start_and_stays_as_it_is(tmp_path: Path) -> None:
    async with running_daemon(tmp_path) as bank:
        pass
    bank.files.store.write_bytes(b"damaged")
    with pytest.raises(StoreDamaged, match="put a backup in its place"):
        await another(bank).run()
    assert bank.files.store.read_bytes() == b"damaged"


async def test_a_store_that_is_gone_with_its_lock_is_not_begun_anew_while_the_good_files_are_there(
    tmp_path: Path,
) -> None:
    async with running_daemon(tmp_path) as bank:
        await eventually(bank.files.store.with_name("sentinel.db.last-good").exists)
    for name in ("sentinel.db", "sentinel.db.lock"):
        bank.files.store.with_name(name).unlink()
    with pytest.raises(StoreDamaged, match=r"to begin anew .* remove \S+/sentinel\.db\.last-good$"):
        await another(bank).run()
    assert not bank.files.store.exists()


# -- reload -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rules: [rules/]", "rules: [rules/"),
        ("probes:", "porbes:"),
        ("http:", "htpt:"),
        ("sms_http:", "sms_htpp:"),
        ("contacts: contacts/", "contacts: nowhere/"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Shangai"),
    ],
)
async def test_a_reload_is_all_or_nothing(bank: LoopbackDaemon, old: str, new: str) -> None:
    incident = await bank.incident()
    config, parts = bank.daemon._config, bank.daemon._parts
    symptoms = dict(bank.daemon._flow.desk.ledger.symptoms)
    change(bank, old, new)
    with pytest.raises(ConfigError):
        await bank.daemon.reload()
    assert (bank.daemon._config, bank.daemon._parts) == (config, parts)
    assert bank.daemon._flow.desk.ledger.symptoms.keys() == symptoms.keys()
    assert value(bank, "sentinel_config_last_reload_successful") == 0
    change(bank, new, old)
    await bank.daemon.reload()
    assert value(bank, "sentinel_config_last_reload_successful") == 1
    assert list(bank.daemon._flow.desk.ledger.incidents) == [incident["id"]]


@pytest.mark.parametrize("key", ["store", "listen"])
async def test_what_does_not_change_by_reload_is_refused_by_name(bank: LoopbackDaemon, key: str) -> None:
    old, new = {
        "store": ("store: sqlite:///state/sentinel.db", "store: sqlite:///state/other.db"),
        "listen": (f"listen: 127.0.0.1:{bank.port}", "listen: 127.0.0.1:1"),
    }[key]
    change(bank, old, new)
    with pytest.raises(ConfigError, match=rf":\d+:\d+: {key}: does not change by reload \(it is .*\): restart, or put"):
        await bank.daemon.reload()


async def test_a_signal_for_a_broken_reload_pages_the_technical_group(bank: LoopbackDaemon) -> None:
    change(bank, "bank:", "bnak:")
    bank.daemon.reload_soon()
    await eventually(lambda: any("配置" in one.query["text"] for one in bank.sms.asked))
    assert (await bank.ask("GET", "/-/ready"))[0] == 200


async def test_a_signal_before_the_start_is_done_is_nothing(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    Daemon(
        tmp_path / "x", clock=SystemClock(), metrics=Metrics(), notifier=Notifier({}), credentials=None
    ).reload_soon()
    assert asyncio.all_tasks() == before


async def test_a_reload_adds_and_takes_away_probes_and_keeps_an_open_incident(bank: LoopbackDaemon) -> None:
    incident = await bank.incident()
    probes = {**PROBES, "core": '{http: {url: "@TARGET@/core"}, every: 300ms, timeout: 250ms}'}
    bank.files.put_sentinel(probes=probes, channels=CHANNELS)
    await bank.daemon.reload()
    await eventually(lambda: bank.target.asked["/core"] > 0)
    assert list(bank.daemon._flow.desk.ledger.incidents) == [incident["id"]]
    bank.files.put("rules/rules.yaml", f"rules:\n{RULE}".replace("watch: login", "watch: core"))
    bank.files.put_sentinel(probes={"core": probes["core"], "batch": PROBES["batch"]}, channels=CHANNELS)
    await bank.daemon.reload()
    await eventually(lambda: bank.daemon._flow.desk.ledger.incidents == {})
    before = bank.target.asked["/login"]
    asked = bank.target.asked["/core"]
    await eventually(lambda: bank.target.asked["/core"] > asked + 2)
    assert bank.target.asked["/login"] <= before + 1


@pytest.mark.usefixtures("short_drain")
async def test_a_reload_waits_for_no_send_over_the_old_channels(bank: LoopbackDaemon) -> None:
    bank.sms.hang = True
    await bank.incident()
    await eventually(lambda: bool(bank.sms.asked))
    begin = time.monotonic()
    await bank.daemon.reload()
    assert time.monotonic() - begin < 5
    bank.sms.hang = False


async def test_ten_reloads_at_once_come_one_after_the_other(bank: LoopbackDaemon) -> None:
    answers = await asyncio.gather(*(bank.ask("POST", "/-/reload") for _ in range(10)))
    assert {status for status, _, _ in answers} == {200}


async def test_targets_that_changed_are_kept_with_the_good_files_and_broken_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "LOOK_AT_FILES", 0.05)
    table = tmp_path / "atms.csv"
    table.write_text("terminal\nA1\n", encoding="utf-8")
    atm = '{http: {url: "@TARGET@/{terminal}"}, every: 10s, timeout: 5s, targets: {csv: atms.csv, key: terminal}}'
    async with running_daemon(tmp_path, probes={**PROBES, "atm": atm}) as bank:
        kept = LastGood(bank.files.store)
        found = kept.find()
        assert found is not None
        copy = found[0].with_name("atms.csv")
        assert copy.read_text(encoding="utf-8") == "terminal\nA1\n"
        table.write_text("terminal\nA1\nA2\n", encoding="utf-8")
        await eventually(lambda: holds(copy, "A2"))
        await eventually(lambda: not bank.daemon._reloading.locked())

        # A reload that is due and does not hold: the list alone is adopted, and the good files stay together.
        change(bank, "bank:", "bnak:")
        table.write_text("terminal\nA1\nA2\nA3\n", encoding="utf-8")
        await eventually(lambda: len(bank.daemon._config.targets["atm"]) == 3)
        await eventually(lambda: not bank.daemon._reloading.locked())
        assert kept.find() == found
        assert "A3" not in copy.read_text(encoding="utf-8")
        assert "bank:" in found[0].read_text(encoding="utf-8")


# -- while it runs ------------------------------------------------------------------------------------


async def test_while_the_store_refuses_pages_go_out_callers_are_told_and_later_all_is_there(
    bank: LoopbackDaemon,
) -> None:
    store = bank.daemon._store
    commit = store.commit

    async def refuses(delta: Delta) -> None:
        assert delta
        raise StoreRefused("the disk is full")

    store.commit = refuses  # type: ignore[method-assign]
    bank.target.status["/login"] = 500
    await eventually(lambda: bool(bank.sms.asked))
    assert (await bank.ask("GET", "/-/ready"))[:1] == (503,)
    status, body, headers = await bank.ask("POST", "/api/v1/heartbeats/batch")
    assert (status, body["title"], headers["Retry-After"]) == (503, "The store refuses", "5")
    alert = {"labels": {"alertname": "x"}}
    assert (await bank.ask("POST", "/api/v1/alerts", json=[alert]))[0] == 503
    store.commit = commit  # type: ignore[method-assign]
    await eventually(lambda: bool(bank.daemon._flow.desk.ledger.incidents))
    pages = (await bank.ask("GET", "/api/v1/pages"))[1]["pages"]
    assert {page["unsaved"] for page in pages if page["channel"] == "sms"} == {True}
    assert len({one.query["id"] for one in bank.sms.asked}) == len(bank.sms.asked)
    assert value(bank, "sentinel_sends_total") is None
    samples = [one for family in bank.metrics.registry.collect() for one in family.samples]
    assert {one.labels["channel"] for one in samples if one.name == "sentinel_sends_total"} == {"sms", "mail", "hook"}


@pytest.mark.parametrize("name", ["desk", "dispatcher", "wheel", "silence", "files", "lag"])
async def test_a_task_that_dies_ends_the_process(tmp_path: Path, name: str) -> None:
    with pytest.raises(SentinelError, match=f"the task '{name}' died"):
        async with running_daemon(tmp_path) as bank:
            next(task for task, known in bank.daemon._tasks.items() if known == name).cancel()
            async with asyncio.timeout(10):
                await bank.daemon._stop.wait()


async def test_a_lock_that_is_removed_ends_the_process_and_says_why(tmp_path: Path) -> None:
    message = r"the task 'desk' died: the lock \S+/sentinel\.db\.lock was removed while this process held it"
    with pytest.raises(SentinelError, match=message):
        async with running_daemon(tmp_path) as bank:
            bank.files.store.with_name("sentinel.db.lock").unlink()
            bank.target.status["/login"] = 500
            async with asyncio.timeout(10):
                await bank.daemon._stop.wait()


async def test_systemd_hears_of_it_all(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        heard: list[str] = []
        asyncio.get_running_loop().add_reader(manager, lambda: heard.append(manager.recv(4096).decode()))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"})
        async with running_daemon(tmp_path / "bank", notifier=notifier) as bank:
            await eventually(lambda: heard.count("WATCHDOG=1") > 1)
            await bank.daemon.reload()
            change(bank, "bank:", "bnak:")
            with pytest.raises(ConfigError):
                await bank.daemon.reload()
        asyncio.get_running_loop().remove_reader(manager)
    told = [one for one in heard if one != "WATCHDOG=1"]
    assert told[0] == "READY=1\nSTATUS=2 targets, 1 rules, 0 open incidents"
    kinds = [one.partition("=")[0] for one in told]
    assert kinds == ["READY", "RELOADING", "READY", "RELOADING", "READY", "STOPPING"]
    assert told[4].endswith("the configuration on disk does not hold, the last good one runs")


async def test_the_watchdog_is_not_patted_while_nothing_is_decided(bank: LoopbackDaemon) -> None:
    desk = bank.daemon._flow.desk
    assert desk.progresses()
    stuck, store = asyncio.Event(), bank.daemon._store
    commit = store.commit

    async def hangs(delta: Delta) -> None:
        await stuck.wait()
        await commit(delta)

    store.commit = hangs  # type: ignore[method-assign]
    bank.target.status["/login"] = 500
    await eventually(lambda: desk.busy)
    desk.progresses()
    assert not desk.progresses()
    stuck.set()
    await eventually(desk.progresses)


# -- stop ---------------------------------------------------------------------------------------------


async def test_a_stop_is_within_ten_seconds_even_when_nothing_answers(tmp_path: Path) -> None:
    begin = 0.0
    async with running_daemon(tmp_path) as bank:
        bank.sms.hang = True
        await bank.incident()
        await eventually(lambda: bool(bank.sms.asked))
        slow = [await asyncio.open_connection("127.0.0.1", bank.port) for _ in range(20)]
        begin = time.monotonic()
    assert time.monotonic() - begin < 10
    for _, writer in slow:
        writer.close()
    async with asyncio.timeout(5):
        await asyncio.to_thread(_open_and_close, bank.files.store)


@pytest.mark.usefixtures("short_drain")
async def test_a_page_that_was_under_way_at_the_stop_is_sent_again_under_its_id(tmp_path: Path) -> None:
    async with running_daemon(tmp_path) as bank:
        bank.sms.hang = True
        await bank.incident()
        await eventually(lambda: bool(bank.sms.asked))
    under_way = {one.query["id"] for one in bank.sms.asked}
    bank.sms.hang = False
    daemon = another(bank)
    listening = asyncio.Event()
    running = asyncio.create_task(daemon.run(listening=lambda _: listening.set()))
    await asyncio.wait_for(listening.wait(), 60)
    ready = {page.id for page in daemon._flow.desk.ledger.pages.values() if page.channel == "sms"}
    daemon.stop()
    await running
    assert under_way <= ready


@pytest.mark.usefixtures("short_drain")
async def test_once_it_stops_requests_are_refused_and_reads_go_on(bank: LoopbackDaemon) -> None:
    bank.sms.hang = True
    await bank.incident()
    await eventually(lambda: bool(bank.sms.asked))
    bank.daemon.stop()
    status, body, headers = await bank.ask("POST", "/api/v1/heartbeats/batch")
    assert (status, body["title"], headers["Retry-After"]) == (503, "Stopping", "5")
    assert (await bank.ask("GET", "/-/ready"))[0] == 503
    assert (await bank.ask("GET", "/api/v1/incidents"))[0] == 200
    assert (await bank.ask("POST", "/-/reload"))[0] == 503
