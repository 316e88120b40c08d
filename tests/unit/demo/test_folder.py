from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest
import yaml

from ebank_sentinel.demo import overlay
from ebank_sentinel.demo.folder import DemoFolder, Ports, check_empty, make_folder
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.errors import UsageError
from support.demo_bank import EXAMPLE, SENTINEL

LINES = overlay.line_names(SENTINEL, EXAMPLE / "deploy")
PORTS = Ports(
    sentinel=20001,
    ebank=20002,
    devices=20003,
    tls=20004,
    sms=20005,
    mail=20006,
    hook=20007,
    prometheus=20008,
    lines={name: 21000 + number for number, name in enumerate(LINES)},
)


def made(tmp_path: Path, *, with_prometheus: bool = False) -> DemoFolder:
    return make_folder(tmp_path / "demo", EXAMPLE, SENTINEL, ports=PORTS, with_prometheus=with_prometheus)


@pytest.mark.parametrize("with_prometheus", [True, False])
def test_no_placeholder_is_left_and_nothing_leads_out_of_this_machine(tmp_path: Path, *, with_prometheus: bool) -> None:
    folder = made(tmp_path, with_prometheus=with_prometheus)
    for file in (folder.configuration, folder.path / "prometheus.yml"):
        text = file.read_text(encoding="utf-8")
        assert "${" not in text, file
        settings = yaml.safe_load(text)
    settings = yaml.safe_load(folder.configuration.read_text(encoding="utf-8"))
    for name, probe in settings["probes"].items():
        (kind,) = {"http", "tcp", "tls", "promql", "atm", "heartbeat"} & set(probe)
        where = probe[kind].get("url") or probe[kind].get("server") or probe[kind].get("address", "127.0.0.1")
        assert "127.0.0.1" in where or where == "{address}", name


def test_every_rule_file_of_the_example_bank_is_there_and_says_the_same_but_faster(tmp_path: Path) -> None:
    folder = made(tmp_path)
    shipped = sorted((EXAMPLE / "rules").glob("*.yaml"))
    assert [path.name for path in shipped] == sorted(path.name for path in (folder.path / "rules").iterdir())
    for path in shipped:
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]
        copies = yaml.safe_load((folder.path / "rules" / path.name).read_text(encoding="utf-8"))["rules"]
        assert timeless(copies) == timeless(rules), path.name


def timeless(value: object) -> object:
    """Without the keys that the demo turns."""
    if isinstance(value, dict):
        turned = {"for", "clear_after", "within", "reopen_within"}
        return {key: timeless(inner) for key, inner in value.items() if key not in turned}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def test_what_watches_the_program_itself_keeps_its_times(tmp_path: Path) -> None:
    copy = made(tmp_path).path / "rules" / overlay.REAL_TIME
    assert copy.read_text(encoding="utf-8") == (EXAMPLE / "rules" / overlay.REAL_TIME).read_text(encoding="utf-8")


def test_all_probes_and_channels_of_the_example_bank_are_there_and_a_webhook_besides(tmp_path: Path) -> None:
    settings = yaml.safe_load(made(tmp_path).configuration.read_text(encoding="utf-8"))
    assert list(settings["probes"]) == list(SENTINEL["probes"])
    assert list(settings["channels"]) == [*SENTINEL["channels"], "hook"]


def test_with_prometheus_the_login_rate_is_asked_of_it_and_without_of_the_bank(tmp_path: Path) -> None:
    with_it, without = (
        yaml.safe_load(made(tmp_path / name, with_prometheus=installed).configuration.read_text(encoding="utf-8"))
        for name, installed in (("a", True), ("b", False))
    )
    assert with_it["probes"]["login_rate"]["promql"]["server"] == "http://127.0.0.1:20008"
    assert without["probes"]["login_rate"]["promql"]["server"] == "http://127.0.0.1:20002"
    queries = (settings["probes"]["login_rate"]["promql"]["query"] for settings in (with_it, without, SENTINEL))
    assert len({tuple(sorted(fields)) for fields in queries}) == 1


def test_secrets_are_new_for_every_run_and_readable_by_nobody_else(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    assert first.hook_secret != second.hook_secret
    assert first.kannel_password != second.kannel_password
    secrets = sorted((first.path / "deploy" / "secrets").iterdir())
    assert [secret.name for secret in secrets] == ["hook.secret", "kannel.password"]
    assert {secret.stat().st_mode & 0o777 for secret in secrets} == {0o600}
    assert first.path.stat().st_mode & 0o777 == 0o700


def test_only_a_new_or_an_empty_folder_will_do(tmp_path: Path) -> None:
    check_empty(tmp_path / "new")
    check_empty(tmp_path)
    (tmp_path / "sentinel.db").touch()
    with pytest.raises(UsageError, match="is not empty: name a new or an empty one"):
        check_empty(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        check_empty(tmp_path / "sentinel.db")


def test_free_ports_are_different_and_below_those_of_outgoing_connections() -> None:
    ports = free_ports(40, dice=random.SystemRandom())
    assert len(set(ports)) == 40
    assert max(ports) < 32768


def test_a_port_where_somebody_listens_is_not_free() -> None:
    seed = 11
    (taken,) = free_ports(1, dice=random.Random(seed))  # noqa: S311 - the same dice again find the same port
    with socket.create_server(("127.0.0.1", taken)):
        assert free_ports(1, dice=random.Random(seed)) != [taken]  # noqa: S311 - as above
