"""What a test expects and what there is enter; the difference leaves, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.rule import FLEET, Rule
from ebank_sentinel.trial.settings import ExpectSettings, IncidentSettings, PageSettings, PointingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A page, when it went out, and what its reader sees."""

    page: Page
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An incident that is open, and how many symptoms belong to it."""

    incident: Incident
    symptoms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a test is not as expected."""

    at: datetime
    place: str  # file:line
    lines: tuple[str, ...]


def differs(
    expected: ExpectSettings, found: Sequence[Open], sent: Sequence[Sent], rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    """What is missing, what is other than expected, what nobody expected; nothing when all is as it should be."""
    lines = _incidents(expected.incidents or [], found, rules)
    if expected.pages != "any":
        lines += _pages(expected.pages, sent)
    return tuple(lines)


def pick(which: PointingSettings, found: Iterable[Incident], rules: Mapping[str, Rule]) -> Incident | None:
    """The incident that is meant: the first when several are."""
    return next((incident for incident in found if meant(which, incident, rules)), None)


def meant(which: PointingSettings, incident: Incident, rules: Mapping[str, Rule]) -> bool:  # noqa: PLR0911 - a case each
    """Whether an incident is the one that rule, scope and target name.

    A scope that the rule can widen over is a wide incident; other labels name the one target that has them.
    """
    if incident.rule != which.rule:
        return False
    if which.target is not None and (incident.over or incident.symptom.key != which.target):
        return False
    if which.scope is None:
        return True
    if FLEET in (which.scope, incident.over):
        return which.scope == incident.over
    assert isinstance(which.scope, Mapping)  # noqa: S101 - the file's check let nothing else in
    rule = rules.get(incident.rule)
    wide = {width.over for width in rule.widens} & which.scope.keys() if rule is not None else set()
    if incident.over and incident.over not in which.scope:
        return False
    if wide and incident.over not in wide:
        return False
    return all(incident.labels.get(name) == value for name, value in which.scope.items())


def describe(found: Open) -> str:
    """An incident in one line."""
    incident = found.incident
    if incident.over:
        where = f"{incident.over} {incident.labels.get(incident.over, '')}".strip()
    else:
        where = str(incident.symptom.target)
    parts = [f"{incident.rule} on {where}: {incident.category} {incident.severity.name}", ", ".join(incident.groups)]
    parts += [f"tell {', '.join(incident.tell)}"] if incident.tell else []
    parts += [f"taken by {incident.ack.person}"] if incident.ack is not None else []
    parts += [f"{found.symptoms} symptoms"] if found.symptoms > 1 else []
    return "; ".join(filter(None, parts))


def show_page(sent: Sent) -> str:
    """A page in one line."""
    page = sent.page
    first = sent.text.strip().splitlines()[0] if sent.text.strip() else ""
    return f"{page.recipient} by {page.channel}, {page.reason.value}: {first}"


# -- incidents ----------------------------------------------------------------------------------------


def _incidents(expected: Sequence[IncidentSettings], found: Sequence[Open], rules: Mapping[str, Rule]) -> list[str]:
    left = list(found)
    lines: list[str] = []
    unmet: list[IncidentSettings] = []
    for wanted in expected:  # first those that fit in everything, so that one that differs takes none of theirs
        fits = next((one for one in left if meant(wanted, one.incident, rules) and not _unlike(wanted, one)), None)
        if fits is None:
            unmet.append(wanted)
        else:
            left.remove(fits)
    for wanted in unmet:
        near = next((one for one in left if meant(wanted, one.incident, rules)), None)
        if near is None:
            lines.append(f"missing: an incident of {_asked(wanted)}")
        else:
            left.remove(near)
            lines += [f"{_asked(wanted)}: {line}" for line in _unlike(wanted, near)]
    lines += [f"unexpected: {describe(one)}" for one in left]
    return lines


def _asked(wanted: PointingSettings) -> str:
    where = f" on {wanted.target}" if wanted.target is not None else ""
    if isinstance(wanted.scope, dict):
        where = f" on {', '.join(f'{name} {value}' for name, value in wanted.scope.items())}"
    elif wanted.scope is not None:
        where = " on the fleet"
    return f"{wanted.rule}{where}"


def _unlike(wanted: IncidentSettings, found: Open) -> list[str]:
    """What is other than expected of the things that the test names."""
    incident = found.incident
    ack = incident.ack.person if incident.ack is not None else False
    pairs: list[tuple[str, object, object]] = [
        ("category", wanted.category, incident.category),
        ("severity", wanted.severity, incident.severity.name),
        ("groups", wanted.groups, list(incident.groups)),
        ("tell", wanted.tell, list(incident.tell)),
        ("state", wanted.state, incident.state.value),
        ("ack", wanted.ack, ack),
        ("flags", None if wanted.flags is None else sorted(wanted.flags), sorted(incident.flags)),
        ("reopened", wanted.reopened, incident.reopened),
        ("symptoms", wanted.symptoms, found.symptoms),
    ]
    lines = [
        f"{name} is {_value(there)}, expected {_value(asked)}"
        for name, asked, there in pairs
        if asked is not None and asked != there
    ]
    if wanted.title is not None and not any(wanted.title in title for title in incident.title.values()):
        lines.append(f"title is {' / '.join(incident.title.values())!r}, expected {wanted.title!r} in it")
    return lines


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return "nobody" if value is False else str(value)


# -- pages --------------------------------------------------------------------------------------------


def _pages(expected: Sequence[PageSettings], sent: Sequence[Sent]) -> list[str]:
    """Each page is one expected entry: an assignment is searched for, so that the order in the file is of no matter."""
    takers = _assigned(expected, sent, lambda wanted, one: not _unlike_page(wanted, one))
    left = [one for index, one in enumerate(sent) if index not in takers.values()]
    lines: list[str] = []
    for number, wanted in enumerate(expected):
        if number in takers:
            continue
        candidates = [one for one in left if one.page.recipient == wanted.to]
        near = min(candidates, key=lambda one: len(_unlike_page(wanted, one)), default=None)
        if near is None:
            lines.append(f"missing: a page to {_asked_page(wanted)}")
        else:
            left.remove(near)
            lines += [f"page to {_asked_page(wanted)}: {line}" for line in _unlike_page(wanted, near)]
    lines += [f"unexpected: a page to {show_page(one)}" for one in left]
    return lines


def _assigned(
    expected: Sequence[PageSettings], sent: Sequence[Sent], fits: Callable[[PageSettings, Sent], bool]
) -> dict[int, int]:
    """Expected -> sent, as many as can be (augmenting paths)."""
    choices = [[index for index, one in enumerate(sent) if fits(wanted, one)] for wanted in expected]
    taken: dict[int, int] = {}  # sent -> expected

    def place(number: int, tried: set[int]) -> bool:
        for index in choices[number]:
            if index not in tried:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = number
                    return True
        return False

    for number in range(len(expected)):
        place(number, set())
    return {number: index for index, number in taken.items()}


def _asked_page(wanted: PageSettings) -> str:
    parts = [wanted.to]
    parts += [f"by {wanted.channel}"] if wanted.channel is not None else []
    parts += [f"({wanted.reason})"] if wanted.reason is not None else []
    return " ".join(parts)


def _unlike_page(wanted: PageSettings, sent: Sent) -> list[str]:
    page = sent.page
    lines = [
        f"{name} is {there}, expected {asked}"
        for name, asked, there in (
            ("recipient", wanted.to, page.recipient),
            ("channel", wanted.channel, page.channel),
            ("reason", wanted.reason, page.reason.value),
        )
        if asked is not None and asked != there
    ]
    lines += [f"{text!r} is not in {sent.text!r}" for text in _listed(wanted.text) if text not in sent.text]
    lines += [f"{text!r} stands in {sent.text!r}" for text in _listed(wanted.not_text) if text in sent.text]
    return lines


def _listed(texts: str | list[str] | None) -> list[str]:
    return [texts] if isinstance(texts, str) else texts or []
