"""What the documents tell a reader holds: their examples pass `check`, and the reference leaves nothing out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ebank_sentinel.cli import main
from ebank_sentinel.cli.app import build
from ebank_sentinel.config.settings import (
    ApiSettings,
    BankSettings,
    JoinSettings,
    SentinelFile,
    ServiceSettings,
    TopologyFile,
)
from ebank_sentinel.contacts.settings import (
    ContactsSettings,
    EscalationSettings,
    GroupSettings,
    LayerSettings,
    OverrideSettings,
    PersonSettings,
    RotaSettings,
    SeveritySettings,
    StepSettings,
)
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.category import CATEGORIES, FLAGS
from ebank_sentinel.model.settings import Strict
from ebank_sentinel.model.times import TimesSettings
from ebank_sentinel.paging import registry as channels
from ebank_sentinel.probes import registry as probes
from ebank_sentinel.probes.expect import Expect
from ebank_sentinel.probes.settings import ProbeBase
from ebank_sentinel.probes.targets import Targets
from ebank_sentinel.rules.rows import (
    CauseSettings,
    ParentSettings,
    SeverityBySettings,
    SourceSettings,
    WidthSettings,
    WorseSettings,
)
from ebank_sentinel.rules.settings import RuleSettings
from ebank_sentinel.trial.settings import (
    AckSettings,
    AlertSettings,
    CaseSettings,
    EndSettings,
    ExpectSettings,
    IncidentSettings,
    PageSettings,
    ReportSettings,
    TestFile,
)
from ebank_sentinel.web.openapi import OPERATIONS
from ebank_sentinel.yamlfile import files_in, load_all

ROOT = Path(__file__).parents[2]
_INSTALLED = "/etc/ebank-sentinel"


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def _check(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `check --no-secrets` prints; fails with its words when the configuration does not hold."""
    with pytest.raises(SystemExit) as ended:
        main(["check", "--no-secrets", "-c", str(path)])
    printed = capsys.readouterr()
    assert ended.value.code in (0, None), printed.err
    return printed.out


def test_the_configuration_of_the_readme_holds_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in _blocks("README.md", "yaml"):
        first = block.partition("\n")[0]
        assert first.startswith("# "), f"a block of the README names no file in its first line: {first}"
        path = tmp_path / first.removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block, encoding="utf-8")

    printed = _check(tmp_path / "sentinel.yaml", capsys)

    assert "holds" in printed
    assert "note:" not in printed, "the first thing that a reader copies should leave nothing to look at"


def test_the_example_bank_holds_where_the_manual_says_to_copy_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [script] = [block for block in _blocks("docs/operations.md", "sh") if "cp -r deploy/sentinel.yaml" in block]
    script = script.replace(_INSTALLED, str(tmp_path))

    subprocess.run(["bash", "-euc", script], cwd=ROOT, check=True)  # noqa: S603, S607 - our own page, the host's bash

    assert "root:" not in (tmp_path / "sentinel.yaml").read_text(encoding="utf-8")
    assert "holds" in _check(tmp_path / "sentinel.yaml", capsys)


def test_the_readme_lists_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [table] = re.findall(r"^\| command \|.*?\n\n", readme, re.DOTALL | re.MULTILINE)
    listed = {word for code in re.findall(r"`([^`]+)`", table) for word in code.split()}

    assert {name for name in build() if not name.startswith("-")} <= listed


def test_the_readme_counts_the_shipped_rules() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shipped = sum(len(document.plain(["rules"])) for document in load_all(files_in(ROOT / "rules")))

    assert re.findall(r"(\d+) shipped rules", readme) == [str(shipped)]


def _keys(settings: type[Strict]) -> set[str]:
    """The keys of a part of a file, as written."""
    return {field.alias or name for name, field in settings.model_fields.items()}


_FILES: tuple[type[Strict], ...] = (
    SentinelFile,
    BankSettings,
    ApiSettings,
    TopologyFile,
    ServiceSettings,
    TimesSettings,
    ProbeBase,
    Expect,
    Targets,
    RuleSettings,
    WorseSettings,
    WidthSettings,
    CauseSettings,
    ParentSettings,
    SourceSettings,
    SeverityBySettings,
    ContactsSettings,
    PersonSettings,
    GroupSettings,
    RotaSettings,
    LayerSettings,
    OverrideSettings,
    SeveritySettings,
    StepSettings,
    EscalationSettings,
    JoinSettings,
    TestFile,
    CaseSettings,
    AlertSettings,
    ReportSettings,
    AckSettings,
    EndSettings,
    ExpectSettings,
    IncidentSettings,
    PageSettings,
)
_KINDS: tuple[type[Strict], ...] = (
    *(kind.settings for kind in probes.KINDS.values()),
    *(kind.settings for kind in channels.KINDS.values()),
)


@pytest.mark.parametrize(
    "settings", [*_FILES, *_KINDS], ids=lambda settings: f"{settings.__module__}.{settings.__name__}"
)
def test_every_key_of_every_file_is_in_the_reference(settings: type[Strict]) -> None:
    words = _words_in_code()

    assert not _keys(settings) - words


def test_every_kind_category_and_flag_is_in_the_reference() -> None:
    known = {*probes.KINDS, *probes.NOT_YET, *channels.KINDS, *channels.NOT_YET, *CATEGORIES, *FLAGS}

    assert not known - _words_in_code()


def test_the_reference_lists_exactly_the_metrics_that_are_exported() -> None:
    assert set(re.findall(r"^\| `(sentinel_\w+)` \|", _reference(), re.MULTILINE)) == _exported()


def test_the_manual_alerts_on_metrics_that_there_are() -> None:
    manual = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = {name.removesuffix("_bucket") for name in re.findall(r"\bsentinel_\w+", manual)}

    assert named <= _exported()
    assert len(named) > 5


def test_the_reference_lists_exactly_the_doors_that_there_are() -> None:
    listed = set(re.findall(r"^\| `((?:GET|POST) /\S*)` \|", _reference(), re.MULTILINE))

    assert listed == {f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS}


def _exported() -> set[str]:
    """The names as Prometheus knows them; a histogram's without its ending."""
    exported = Metrics()
    exported.gauges(dict)
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in exported.registry.collect()
        if family.name.startswith("sentinel_")
    }


def _reference() -> str:
    return (ROOT / "docs/reference.md").read_text(encoding="utf-8")


def _words_in_code() -> set[str]:
    """Every word that stands in back quotes in the reference."""
    prose = re.sub(r"^```.*?^```$", "", _reference(), flags=re.DOTALL | re.MULTILINE)
    return {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"\w+", code)}
