"""The saved configuration: whole at every moment, loadable from where it lies, its secrets still at home."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ebank_sentinel.config import Config, LastGood, load
from ebank_sentinel.errors import ConfigError
from support.config_folder import good_folder

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A bank's folder."""
    folder = tmp_path / "bank"
    folder.mkdir()
    good_folder(folder)
    return folder


def loaded(file: Path, home: Path | None = None) -> Config:
    return load(file, now=NOW, home=home)


def again(saved: LastGood) -> Config:
    """What a start finds in the copy."""
    found = saved.find()
    assert found is not None
    return loaded(*found)


def test_there_is_none_before_the_first_save(home: Path) -> None:
    assert LastGood(home / "sentinel.db").find() is None


def test_a_copy_loads_when_the_original_is_broken_or_gone(home: Path) -> None:
    config = loaded(home / "sentinel.yaml")
    saved = LastGood(config.store)
    saved.save(config, now=NOW)
    for name in ("rules", "contacts", "docs"):
        shutil.rmtree(home / name)
    (home / "sentinel.yaml").write_text("bank: [", encoding="utf-8")
    copy = again(saved)
    assert copy.book.rules == config.book.rules
    assert copy.targets == config.targets
    assert copy.home == home
    assert copy.store == home / "sentinel.db"


def test_secrets_are_read_at_home_and_never_copied(home: Path) -> None:
    config = loaded(home / "sentinel.yaml")
    saved = LastGood(config.store)
    saved.save(config, now=NOW)
    copied = [file.read_bytes() for file in home.rglob("sentinel.db.last-good/**/*") if file.is_file()]
    assert copied
    assert not any(b"hunter2" in content for content in copied)
    (secret,) = [channel.settings.password for channel in again(saved).channels.values() if channel.kind == "sms_http"]  # type: ignore[attr-defined]
    assert again(saved).secret(secret) == "hunter2"


def test_a_configuration_with_a_root_above_its_file(home: Path) -> None:
    (home / "deploy").mkdir()
    main_file = home / "deploy" / "sentinel.yaml"
    text = (home / "sentinel.yaml").read_text(encoding="utf-8")
    for name in ("rules/]", "contacts/", "topology.yaml", "times.yaml", "atms.csv"):
        text = text.replace(f" {name}", f" ../{name}").replace(f"[{name}", f"[../{name}")
    main_file.write_text(f"root: ..\n{text}", encoding="utf-8")
    (home / "sentinel.yaml").unlink()
    (home / "kannel.password").rename(home / "deploy" / "kannel.password")
    config = loaded(main_file)
    saved = LastGood(config.store)
    saved.save(config, now=NOW)
    shutil.rmtree(home / "rules")
    assert again(saved).book.rules == config.book.rules
    assert saved.find() == (
        home / "deploy" / "sentinel.db.last-good" / "files" / "deploy" / "sentinel.yaml",
        home / "deploy",
    )


def test_a_folder_that_is_reached_by_a_link_and_holds_links(home: Path, tmp_path: Path) -> None:
    (home / "times.yaml").rename(home / "times-2026.yaml")
    (home / "times.yaml").symlink_to("times-2026.yaml")
    (tmp_path / "etc").symlink_to(home)
    config = loaded(tmp_path / "etc" / "sentinel.yaml")
    saved = LastGood(tmp_path / "sentinel.db")
    saved.save(config, now=NOW)
    shutil.rmtree(home / "docs")
    assert again(saved).book.rules == config.book.rules


def test_a_relative_path_is_found_from_any_folder(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(home)
    saved = LastGood(home / "sentinel.db")
    saved.save(loaded(Path("sentinel.yaml")), now=NOW)
    monkeypatch.chdir(tmp_path)
    assert again(saved).home == home


def test_the_second_copy_replaces_the_first(home: Path) -> None:
    saved = LastGood(home / "sentinel.db")
    saved.save(loaded(home / "sentinel.yaml"), now=NOW)
    (home / "rules" / "all.yaml").rename(home / "rules" / "other.yaml")
    saved.save(loaded(home / "sentinel.yaml"), now=NOW)
    assert {path.name for path in home.rglob("sentinel.db.last-good/files/rules/*")} == {"other.yaml"}
    assert sorted(path.name for path in home.iterdir() if "last-good" in path.name) == ["sentinel.db.last-good"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rules/all.yaml", "rules: [half of"),
        ("sentinel.yaml", "bank: ["),
        ("atms.csv", "terminal\nA1\nA1\n"),
        ("topology.yaml", ""),
    ],
)
def test_a_file_that_was_broken_after_the_load_leaves_the_copy_of_before(home: Path, file: str, text: str) -> None:
    saved = LastGood(home / "sentinel.db")
    config = loaded(home / "sentinel.yaml")
    saved.save(config, now=NOW)
    assert (home / file).is_file()
    (home / file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=Path(file).name):
        saved.save(config, now=NOW)
    assert again(saved).book.rules == config.book.rules
    assert again(saved).targets == config.targets


def test_settings_that_were_edited_after_the_load_are_not_kept_as_good(home: Path) -> None:
    saved = LastGood(home / "sentinel.db")
    config = loaded(home / "sentinel.yaml")
    saved.save(config, now=NOW)
    text = (home / "sentinel.yaml").read_text(encoding="utf-8")
    assert "name: 示例银行" in text
    (home / "sentinel.yaml").write_text(text.replace("name: 示例银行", "name: 另一银行"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sentinel.yaml: was edited since it was loaded$"):
        saved.save(config, now=NOW)
    assert again(saved).settings == config.settings


def test_a_copy_is_checked_without_its_secrets(home: Path) -> None:
    saved = LastGood(home / "sentinel.db")
    config = loaded(home / "sentinel.yaml")
    (home / "kannel.password").unlink()  # as while it is rotated
    saved.save(config, now=NOW)
    assert saved.find() is not None


def test_a_copy_can_be_saved_while_it_is_what_runs(home: Path) -> None:
    saved = LastGood(home / "sentinel.db")
    saved.save(loaded(home / "sentinel.yaml"), now=NOW)
    (home / "sentinel.yaml").write_text("bank: [", encoding="utf-8")
    saved.save(again(saved), now=NOW)
    assert again(saved).home == home


class Crash(Exception):
    """The power goes."""


Step = Callable[..., object]


@pytest.mark.parametrize("crash_at", range(1, 40))
def test_a_crash_at_any_step_leaves_one_whole_copy(crash_at: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = LastGood(home / "sentinel.db")
    saved.save(loaded(home / "sentinel.yaml"), now=NOW)
    (home / "rules" / "more.yaml").write_text("rules: []\n", encoding="utf-8")
    config = loaded(home / "sentinel.yaml")
    steps = 0

    def counted(real: Step) -> Step:
        def step(*arguments: object, **named: object) -> object:
            nonlocal steps
            steps += 1
            if steps == crash_at:
                raise Crash
            return real(*arguments, **named)

        return step

    with monkeypatch.context() as patched:
        for owner, name in (
            (os, "fsync"),
            (shutil, "copyfile"),
            (shutil, "rmtree"),
            (Path, "rename"),
            (Path, "write_text"),
        ):
            patched.setattr(owner, name, counted(getattr(owner, name)))
        try:
            saved.save(config, now=NOW)
        except Crash:
            pass
        else:
            assert steps < crash_at
    assert len(again(saved).book.rules) == 3  # the old copy or the new one, and whole
    saved.save(config, now=NOW)
    assert (home / "sentinel.db.last-good" / "files" / "rules" / "more.yaml").is_file()


def test_a_crash_after_a_crash_leaves_one_whole_copy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = LastGood(home / "sentinel.db")
    config = loaded(home / "sentinel.yaml")
    saved.save(config, now=NOW)
    (home / "sentinel.db.last-good").rename(home / "sentinel.db.last-good.old")  # between the two renames

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        with pytest.raises(Crash):
            saved.save(config, now=NOW)
    assert len(again(saved).book.rules) == 3
