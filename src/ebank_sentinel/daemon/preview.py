"""What a rule would send: a rule and a moment enter; the pages of its opening, worsening and end leave.

The pages come out of the same `decide` that the desk runs: nothing is shown that would not be sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ebank_sentinel.config import Config
from ebank_sentinel.daemon.assembly import policy_of
from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.item import Change, RuleTruth
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Page
from ebank_sentinel.model.reading import Reading, Scalar, Target, TargetId
from ebank_sentinel.model.relations import Relations
from ebank_sentinel.model.rule import Rule
from ebank_sentinel.model.template import placeholders
from ebank_sentinel.pipeline import world_of
from ebank_sentinel.rules.watchable import OWN, TOLD

_NODE = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A page, and when it would be sent."""

    when: str  # "opens", "gets worse (row 1)", "ends"
    page: Page
    mails: frozenset[str]  # channels on which the long text is read


def previews(config: Config, rule_id: str, now: datetime) -> Iterator[Previewed]:
    """The rule on its probe's first target, with made-up fields: opening, each `worse` row, the end."""
    rule = config.book.rules[rule_id]
    mails = frozenset(name for name, channel in config.channels.items() if channel.address_kind == "email")
    targets = config.targets.get(rule.watch) or ()
    target = targets[0] if targets else Target(id=TargetId(rule.watch, rule.watch))
    fields = _fields(config, rule)
    reading = None if rule.pushed else Reading(target=target, at=now, up=False, fields=fields)
    policy = policy_of(config)
    world = world_of(
        policy,
        Relations.of(policy.rules),
        node=_NODE,
        latest=lambda _: reading,
        unbroken_since=lambda _: None if rule.pushed else now,
        targets_in=lambda _probe, _over, _value: 1,
    )
    world = replace(world, watched=lambda _: True)  # the first target may be made up
    ledger = Ledger()
    at = now

    def change(holds: bool, held: int) -> Draft:  # noqa: FBT001 - two moments of one story
        rows = tuple(index < held for index in range(len(rule.rows)))
        truth = RuleTruth(counts=True, holds=holds, rows=rows)
        return decide(ledger, [Change(target=target, at=at, truths={rule_id: truth}, values=fields)], world, at)

    steps = [("opens", True, 0), *((f"gets worse (row {row})", True, row) for row in range(1, len(rule.rows) + 1))]
    for when, holds, held in [*steps, ("ends", False, 0)]:
        hold = rule.rows[held - 1].hold if held else rule.hold
        for wait in (timedelta(), hold if holds else rule.clear_after):
            at += wait
            reading = None if rule.pushed else Reading(target=target, at=at, up=False, fields=fields)
            draft = change(holds, held)
            ledger.apply(draft.delta())
            for page in sorted(draft.pages.values(), key=lambda page: (page.recipient, page.channel)):
                yield Previewed(when=when, page=page, mails=mails)


def _fields(config: Config, rule: Rule) -> dict[str, Scalar]:
    """What its probe would read; of what is told to us, whatever its texts name."""
    probe, own = config.probes.get(rule.watch), OWN.get(rule.watch) or TOLD.get(rule.watch)
    kinds = probe.fields() if probe is not None else own.fields if own is not None else {}
    if rule.pushed:
        words = rule.words
        texts = [text for one in (words.title, words.number, words.impact, words.say) for text in one.values()]
        kinds = {**dict.fromkeys((name for text in texts for name in placeholders(text)), str), **kinds}
    return {name: _EXAMPLES.get(kind, 1) for name, kind in kinds.items()}


_EXAMPLES: dict[type, float | str | bool] = {bool: False, int: 5, float: 0.5, str: "example", object: 1}
