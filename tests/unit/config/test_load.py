"""What a load hands on beside mistakes: notices, the files that it read, secrets, and the CSV files read anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ebank_sentinel.config import Config, load, reread_targets
from ebank_sentinel.errors import ConfigError
from support.config_folder import good_folder

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.fixture
def main_file(tmp_path: Path) -> Path:
    """sentinel.yaml of a configuration that holds."""
    return good_folder(tmp_path)


def loaded(main_file: Path, *, secrets: bool = True) -> Config:
    return load(main_file, now=NOW, secrets=secrets)


def test_labels_that_lead_to_no_group_are_told_with_who_is_paged_instead(main_file: Path) -> None:
    folder = main_file.parent
    rows = "A1,0001,10.0.0.1:80,grg\nA2,0001,10.0.0.2:80,ncr\nA3,0002,10.0.0.3:80,ncr\nA4,0002,10.0.0.4:80,\n"
    (folder / "atms.csv").write_text(f"terminal,branch,address,vendor\n{rows}", encoding="utf-8")
    assert list(loaded(main_file).notices) == [
        "group vendor of rule atm-dark, on probe atm: 1 target has no vendor: technical is paged instead",
        (
            "group vendor of rule atm-dark, on probe atm: 2 targets have vendor ncr, and there is no group "
            '"vendor-ncr": technical is paged instead'
        ),
    ]


def test_rules_of_one_group_and_probe_share_their_notices(main_file: Path) -> None:
    rules = main_file.parent / "rules" / "all.yaml"
    text = rules.read_text(encoding="utf-8")
    atm = text[text.index("  - id: atm-dark") :]
    more = "".join(atm.replace("atm-dark", f"atm-dark-{number}") for number in range(2))
    rules.write_text(text + more, encoding="utf-8")
    (main_file.parent / "contacts" / "groups.yaml").write_text(
        (main_file.parent / "contacts" / "groups.yaml")
        .read_text(encoding="utf-8")
        .replace("vendor-xinghe", "vendor-other"),
        encoding="utf-8",
    )
    (notice,) = loaded(main_file).notices
    assert notice.startswith("group vendor of rule atm-dark and 2 more, on probe atm: 1 target has vendor xinghe")


def test_every_file_that_was_read_is_known_and_no_secret_among_them(main_file: Path) -> None:
    config = loaded(main_file)
    names = {str(file.relative_to(main_file.parent)) for file in config.files}
    assert names == {
        "sentinel.yaml",
        "times.yaml",
        "topology.yaml",
        "branches.csv",
        "atms.csv",
        "rules/all.yaml",
        "docs/login-down.md",
        "contacts/people.yaml",
        "contacts/groups.yaml",
        "contacts/rota.yaml",
        "contacts/escalations.yaml",
        "contacts/severities.yaml",
    }
    assert {file.name for file in config.tables} == {"branches.csv", "atms.csv"}


def test_a_rule_knows_its_first_checks(main_file: Path) -> None:
    assert loaded(main_file).book.rules["login-down"].words.first_checks == ("Open the login page yourself.",)


def test_targets_carry_the_labels_of_their_branch(main_file: Path) -> None:
    config = loaded(main_file)
    assert {target.labels["region"] for target in config.targets["atm"]} == {"north", "east"}


def test_a_changed_table_is_read_anew_and_a_broken_one_changes_nothing(main_file: Path) -> None:
    config = loaded(main_file)
    table = main_file.parent / "atms.csv"
    table.write_text("terminal,branch,address,vendor\nB1,0002,10.0.0.9:80,grg\n", encoding="utf-8")
    (target,) = reread_targets(config).targets["atm"]
    assert (target.id.key, target.labels["region"]) == ("B1", "east")
    table.write_text("terminal,branch,address,vendor\nB1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the line has 1 values"):
        reread_targets(config)
    assert len(config.targets["atm"]) == 3


def test_secrets_may_be_missing_where_they_are_not_read(main_file: Path) -> None:
    (main_file.parent / "kannel.password").unlink()
    assert loaded(main_file, secrets=False).settings.bank.name == "示例银行"
    with pytest.raises(ConfigError, match="cannot read the secret"):
        loaded(main_file)


def test_dates_are_text_as_they_are_written(main_file: Path) -> None:
    rules = main_file.parent / "rules" / "all.yaml"
    rules.write_text(
        rules.read_text(encoding="utf-8").replace("title: 登录失败", "title: 2026-12-10"), encoding="utf-8"
    )
    assert loaded(main_file).book.rules["login-success-low"].words.title == {"": "2026-12-10"}


def test_a_mistake_found_when_building_points_into_the_file(main_file: Path) -> None:
    problem = loaded(main_file).problem(["channels", "mail", "email"], "no such authority")
    assert str(problem) == f"{main_file}:19:17: channels.mail.email: no such authority"
