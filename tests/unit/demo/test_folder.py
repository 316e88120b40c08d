from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest
import yaml

from ebank_sentinel.demo.folder import BANK, DemoFolder, Ports, check_empty, make_folder
from ebank_sentinel.demo.ports import free_ports
from ebank_sentinel.errors import UsageError

PORTS = Ports(sentinel=20001, ebank=20002, atm=20003, sms=20004, mail=20005, hook=20006, prometheus=20007)


def made(tmp_path: Path, *, with_prometheus: bool) -> DemoFolder:
    return make_folder(tmp_path / "demo", ports=PORTS, with_prometheus=with_prometheus)


@pytest.mark.parametrize("with_prometheus", [True, False])
def test_no_placeholder_is_left_and_every_file_is_yaml(tmp_path: Path, *, with_prometheus: bool) -> None:
    folder = made(tmp_path, with_prometheus=with_prometheus)
    files = [*folder.path.rglob("*.yaml"), *folder.path.rglob("*.yml")]
    assert len(files) == 11
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "${" not in text, file
        assert isinstance(yaml.safe_load(text), dict), file


def test_with_prometheus_the_login_rate_is_asked_of_it_and_without_of_the_bank(tmp_path: Path) -> None:
    with_it = yaml.safe_load(made(tmp_path / "a", with_prometheus=True).configuration.read_text(encoding="utf-8"))
    without = yaml.safe_load(made(tmp_path / "b", with_prometheus=False).configuration.read_text(encoding="utf-8"))
    assert with_it["probes"]["login_rate"]["promql"]["server"] == "http://127.0.0.1:20007"
    assert set(with_it["probes"]["login_rate"]["promql"]["query"]) == {"rate", "attempts"}
    assert set(without["probes"]["login_rate"]["http"]["read"]) == {"rate", "attempts"}


def test_secrets_are_new_for_every_run_and_readable_by_nobody_else(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a", with_prometheus=False), made(tmp_path / "b", with_prometheus=False)
    assert first.hook_secret != second.hook_secret
    assert first.kannel_password != second.kannel_password
    secrets = sorted((first.path / "secrets").iterdir())
    assert [secret.name for secret in secrets] == ["hook.secret", "kannel.password"]
    assert {secret.stat().st_mode & 0o777 for secret in secrets} == {0o600}
    assert first.path.stat().st_mode & 0o777 == 0o700


def test_everything_that_the_configuration_names_is_in_the_folder(tmp_path: Path) -> None:
    folder = made(tmp_path, with_prometheus=False)
    names = ["rules", "contacts", "topology.yaml", "times.yaml", "branches.csv", "targets/atms.csv"]
    assert [name for name in names if not (folder.path / name).exists()] == []


def test_only_a_new_or_an_empty_folder_will_do(tmp_path: Path) -> None:
    check_empty(tmp_path / "new")
    check_empty(tmp_path)
    (tmp_path / "sentinel.db").touch()
    with pytest.raises(UsageError, match="is not empty: name a new or an empty one"):
        check_empty(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        check_empty(tmp_path / "sentinel.db")


def test_all_severities_and_groups_of_the_rules_are_in_the_contacts() -> None:
    groups = yaml.safe_load((BANK / "contacts" / "groups.yaml").read_text(encoding="utf-8"))["groups"]
    people = yaml.safe_load((BANK / "contacts" / "people.yaml").read_text(encoding="utf-8"))["people"]
    for name in ("login.yaml", "atm.yaml"):
        for rule in yaml.safe_load((BANK / "rules" / name).read_text(encoding="utf-8"))["rules"]:
            assert {*rule["groups"], *rule.get("tell", [])} <= set(groups)
    assert {member for group in groups.values() for member in group.get("members", [])} <= set(people)


def test_free_ports_are_different_and_below_those_of_outgoing_connections() -> None:
    ports = free_ports(40, dice=random.SystemRandom())
    assert len(set(ports)) == 40
    assert max(ports) < 32768


def test_a_port_where_somebody_listens_is_not_free() -> None:
    seed = 11
    (taken,) = free_ports(1, dice=random.Random(seed))  # noqa: S311 - the same dice again find the same port
    with socket.create_server(("127.0.0.1", taken)):
        assert free_ports(1, dice=random.Random(seed)) != [taken]  # noqa: S311 - as above
