"""What a rule would send: a rule and a moment enter; the pages of its opening, its rows and its end leave.

The pages come out of the same `decide` that the desk runs: nothing is shown that would not be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.config import Config
from ebank_sentinel.daemon.assembly import policy_of
from ebank_sentinel.daemon.own_state import own_targets
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.model.item import Change, End, Item, RuleTruth
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Page, PageState
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import FLEET, REPORTS, Rule, Width, Words
from ebank_sentinel.model.template import placeholders
from ebank_sentinel.pipeline import world_of
from ebank_sentinel.rules.texts import OF_A_SCOPE
from ebank_sentinel.rules.watchable import OWN, TOLD

_NODE = "preview"

_MADE_UP = "example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A page, and when it would be sent."""

    when: str  # "opens", "gets worse (row 1)", "is wide (row 1: branch)", "has a cause (row 1: core-down)", "ends"
    page: Page
    mails: frozenset[str]  # channels on which the long text is read


def previews(config: Config, rule_id: str, now: datetime) -> Iterator[Previewed]:
    """The rule on its probe's first target: opening, each `worse` row, the end; then each width and each cause."""
    rule = replace(config.book.rules[rule_id], count=0)
    listed = config.targets.get(rule.watch) or own_targets(config).get(rule.watch)
    one = (listed or (Target(id=TargetId(rule.watch, rule.watch)),))[:1]
    single = replace(rule, widens=(), because=())
    play = _Play(config, single, one, now)
    yield from play.on("opens", held=0, wait=single.hold)
    for number, row in enumerate(single.rows, start=1):
        yield from play.on(f"gets worse (row {number})", held=number, wait=row.hold)
    yield from play.off("ends")
    for number, width in enumerate(rule.widens, start=1):
        wide = replace(rule, rows=(), widens=(width,), because=())
        play = _Play(config, wide, _scope(config, rule, width), now)
        yield from play.on(f"is wide (row {number}: {width.over})", held=0, wait=max(wide.hold, wide.every))
    for number, cause in enumerate(rule.because, start=1):
        caused = replace(rule, rows=(), widens=(), because=(cause,))
        play = _Play(config, caused, one, now, beside=cause.seen)
        yield from play.on(f"has a cause (row {number}: {cause.seen})", held=0, wait=caused.hold)


class _Play:
    """A rule on some targets, from healthy on."""

    def __init__(
        self, config: Config, rule: Rule, targets: Sequence[Target], now: datetime, *, beside: str = ""
    ) -> None:
        """`beside`: another rule that holds at the same place."""
        self._readings: dict[TargetId, Reading] = {}
        policy = policy_of(config)
        policy = replace(policy, rules={**policy.rules, rule.id: rule})
        relations = Relations.of(policy.rules)
        world = world_of(
            policy,
            relations,
            node=_NODE,
            latest=self._readings.get,
            unbroken_since=lambda _: None if rule.pushed else now,
            targets_in=lambda _probe, _over, _value: len(targets),
        )
        self._world = replace(world, watched=lambda _: True)  # targets may be made up
        self._rule, self._targets = rule, targets
        self._beside = policy.rules.get(beside)
        self._fields = _fields(config, rule)
        self._person = config.roster.people[0].id
        self._mails = frozenset(name for name, channel in config.channels.items() if channel.address_kind == "email")
        self._ledger = Ledger()
        self._ledger.count_by(relations.counted)
        self._at = now

    def on(self, when: str, *, held: int, wait: timedelta) -> Iterator[Previewed]:
        """The condition holds, and so do this many rows, for so long."""
        yield from self._decide(when, self._changes(held=held))
        self._at += wait
        yield from self._decide(when, self._changes(held=held))

    def off(self, when: str) -> Iterator[Previewed]:
        """It holds no more, or a person ends what does not end by itself."""
        reported = self._rule.watch == REPORTS  # it holds until a person ends it
        if not reported:
            yield from self._decide(when, self._changes(held=None))
        self._at += self._rule.clear_after
        by_a_person = self._rule.referred or reported
        mine = [one.id for one in self._ledger.incidents.values() if one.rule == self._rule.id and by_a_person]
        ends: list[Item] = [End(request=_NODE, incident=one, person=self._person, at=self._at) for one in mine]
        yield from self._decide(when, ends or self._changes(held=None))

    def _changes(self, *, held: int | None) -> list[Item]:
        rows = tuple(index < (held or 0) for index in range(len(self._rule.rows)))
        truth = RuleTruth(counts=True, holds=held is not None, rows=rows)
        changes: list[Item] = [
            Change(target=target, at=self._at, truths={self._rule.id: truth}, values=self._fields)
            for target in self._targets
        ]
        if self._beside is not None:
            target = Target(id=TargetId(self._beside.watch, _MADE_UP), labels=self._targets[0].labels)
            seen = {self._beside.id: RuleTruth(counts=True, holds=True, rows=())}
            changes.insert(0, Change(target=target, at=self._at, truths=seen))
        return changes

    def _decide(self, when: str, items: Sequence[Item]) -> Iterator[Previewed]:
        if not self._rule.pushed:
            for target in self._targets:
                self._readings[target.id] = Reading(target=target, at=self._at, up=False, fields=self._fields)
        draft = decide(self._ledger, items, self._world, self._at)
        self._ledger.apply(draft.delta())
        for page in sorted(draft.pages.values(), key=lambda page: (page.recipient, page.channel)):
            if page.message.payload["rule"] == self._rule.id and page.state is not PageState.DROPPED:
                yield Previewed(when=when, page=page, mails=self._mails)


def _scope(config: Config, rule: Rule, width: Width) -> Sequence[Target]:
    """All targets of the first scope that is wide enough; made-up ones where the bank has none, or cannot list them."""
    scopes: dict[str, list[Target]] = {}
    for target in config.targets.get(rule.watch) or ():
        scopes.setdefault("" if width.over == FLEET else target.labels.get(width.over, ""), []).append(target)
    for targets in scopes.values():
        spread = {label: {target.labels.get(label) for target in targets} for label in width.spread}
        if len(targets) >= width.at_least and all(len(spread[label]) >= many for label, many in width.spread.items()):
            return targets
    many = max(width.at_least, *width.spread.values(), 1)
    common = {} if width.over == FLEET else {width.over: _MADE_UP}
    return [
        Target(
            id=TargetId(rule.watch, f"{_MADE_UP}{number}"),
            labels={**common, **dict.fromkeys(width.spread, f"{_MADE_UP}{number}")},
        )
        for number in range(many)
    ]


def _fields(config: Config, rule: Rule) -> dict[str, Scalar]:
    """What its probe would read; of what is told to us, whatever its texts name."""
    probe, own = config.probes.get(rule.watch), OWN.get(rule.watch) or TOLD.get(rule.watch)
    kinds = probe.fields() if probe is not None else own.fields if own is not None else {}
    if rule.pushed:
        wide, caused = [row.meaning.words for row in rule.widens], [row.meaning.words for row in rule.because]
        names = [name for words in (rule.words, *wide, *caused) for name in _named(words)]
        kinds = {name: kind for name, kind in kinds.items() if name != "impact"}  # a reporter's would hide the rule's
        kinds |= dict.fromkeys((name for name in names if name not in OF_A_SCOPE), str)
    return {name: _EXAMPLES.get(kind, 1) for name, kind in kinds.items()}


def _named(words: Words) -> Iterator[str]:
    """The placeholders of all texts."""
    for text in (words.title, words.number, words.impact, words.say):
        for template in text.values():
            yield from placeholders(template)


_EXAMPLES: dict[type, float | str | bool] = {bool: False, int: 5, float: 0.5, str: _MADE_UP, object: 1}
