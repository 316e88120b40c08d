"""What moves between incidents, or comes back to one: nobody is forgotten, and each alarm has its all-clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ebank_sentinel.incidents import opening
from ebank_sentinel.model.incident import Place
from ebank_sentinel.model.item import Change, Pushed, Reloaded, RuleTruth, Signal
from ebank_sentinel.model.ledger import TimerKind
from ebank_sentinel.model.rule import ALERTS
from ebank_sentinel.model.severity import Severity
from support.deciding import SMS_THEN_MAIL, Story, at, row, rule, target
from support.fleet import MINUTE, REGION, Fleet, dark, machines, switch, ups
from support.night import BATTERIES, MACHINES, SWITCHES, Night


def whole() -> Fleet:
    """Logins fail and the firewall blocks: together an attack."""
    parts = [rule(name, hold=30, clear=30, watch=name, groups=("technical",)) for name in ("login", "waf")]
    attack = rule(
        "attack",
        hold=0,
        watch="",
        every=timedelta(0),
        severity=Severity.II,
        groups=("command",),
        all_of=("login", "waf"),
        same=("service",),
        within=timedelta(minutes=10),
    )
    return Fleet(*parts, attack, fleet=())


class TestWhole:
    def test_one_that_is_whole_again_is_another_incident_and_pages_like_one(self) -> None:
        story = whole()
        for name in ("login", "waf"):
            story.signal(0, rule=name, key=name, service="pay")
        story.passes(MINUTE)
        story.accept_all(MINUTE)
        first = story.open[0].id
        story.signal(2 * MINUTE, rule="login", key="login", holds=False, service="pay")
        story.passes(3 * MINUTE)
        story.accept_all(3 * MINUTE)
        assert story.shown == ["waf waf system III"]
        story.paged()
        story.signal(4 * MINUTE, rule="login", key="login", service="pay")
        story.passes(5 * MINUTE)
        assert story.shown == ["attack service=pay system II"]
        assert story.open[0].id != first
        assert "zhao first first" in story.paged()

    def test_a_reload_that_takes_its_rule_away_ends_it_and_its_parts_stand_on_their_own(self) -> None:
        story = whole()
        for name in ("login", "waf"):
            story.signal(0, rule=name, key=name, service="pay")
        story.passes(MINUTE)
        story.accept_all(MINUTE)
        story.paged()
        del story.bank.rules["attack"]
        story.decide(Reloaded(at=at(2 * MINUTE)), now=2 * MINUTE)
        assert sorted(story.shown) == ["login login system III", "waf waf system III"]
        assert "zhao retired retired" in story.paged()


class TestParent:
    def test_one_that_comes_back_has_its_children_again_however_long_they_have_failed(self) -> None:
        story = Fleet(dark(hold=MINUTE), ups(), switch(clear=30))
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(1, story.of(0, 0))
        story.passes(20 * MINUTE)
        story.signal(20 * MINUTE, rule="switch", key="sw1", holds=False, switch="sw1")
        story.passes(25 * MINUTE)
        assert story.shown == []
        story.signal(25 * MINUTE, rule="switch", key="sw1", switch="sw1")
        story.passes(27 * MINUTE)
        assert story.shown == ["switch sw1 system I"]
        assert {symptom.incident for symptom in story.ledger.symptoms.values()} == {story.open[0].id}
        story.signal(40 * MINUTE, rule="switch", key="sw1", holds=False, switch="sw1")
        story.passes(55 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]

    def test_nobody_waits_for_one_of_which_nothing_is_known_any_more(self) -> None:
        story = Fleet(dark(hold=MINUTE), ups(), switch(hold=3 * MINUTE))
        one = target("sw1", "switch", switch="sw1")
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(1, story.of(0, 0))
        story.passes(90)
        assert story.shown == []
        story.decide(story.change(90, None, of=one, rule="switch"), now=90)
        assert story.shown == ["dark branch=0-0 link III"]


class TestMemory:
    def test_what_was_taken_over_and_over_in_one_batch_leaves_nothing_behind(self) -> None:
        night = Night()
        for _ in range(3):
            night.reports("phishing")
            night.passes_by(1)
        night.ends(opening.id_of(night.bank.world(), Place("phishing", "type", "phishing"), at(0), at(2)))
        night.flush()
        assert {one.rule for one in night.incidents.values()} == {"phishing"}
        assert not night.ledger.incidents
        assert not night.ledger.kept
        assert not night.ledger.incident_by_code


class TestStillWide:
    def test_it_ends_when_a_parent_explains_what_was_not_confirmed_yet(self) -> None:
        night = Night()
        by_key = {one.id.key: one for one in MACHINES}
        for wait, keys in ((0, ["A-0-1-1"]), (61, ["A-1-0-0"]), (1, ["A-1-1-0", "A-1-1-1"])):
            night.passes_by(wait)
            night.becomes("dark", [by_key[key] for key in keys], holds=True)
            night.flush()
        night.passes_by(120)
        assert night.shown == ["dark fleet system I"]
        night.becomes("switch", SWITCHES[1:], holds=True)
        night.flush()
        night.passes_by(1)
        night.becomes("dark", [by_key["A-1-0-1"]], holds=True)
        night.flush()
        night.passes_by(300)
        assert night.shown == ["dark A-0-1-1 device III", "switch sw1 system I"]

    def test_it_goes_on_when_fewer_of_its_scope_count_any_more(self) -> None:
        story = Fleet(dark(hold=MINUTE, widens=(replace(REGION, share=0.5, at_least=2),)), fleet=machines(1, 4, 2))
        story.go(0, [*story.of(0, 0)[:1], *story.of(0, 1)[:1], *story.of(0, 2)])
        story.passes(2 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        story.go(3 * MINUTE, story.of(0, 2), holds=False)
        story.go(3 * MINUTE + 5, story.of(0, 1)[:1], holds=False)
        assert [timer.kind for timer in story.ledger.timers if timer.kind is TimerKind.NARROW]
        gone = [story.change(3 * MINUTE + 10, False, of=one, rule="dark", counts=False) for one in story.of(0, 3)]
        gone += [story.change(3 * MINUTE + 10, False, of=one, rule="dark", counts=False) for one in story.of(0, 2)]
        gone += [story.change(3 * MINUTE + 10, False, of=one, rule="dark", counts=False) for one in story.of(0, 1)]
        story.decide(*gone, now=3 * MINUTE + 10)
        assert not [timer.kind for timer in story.ledger.timers if timer.kind is TimerKind.NARROW]


class TestPages:
    def test_who_was_to_be_told_by_the_next_channel_is_told_what_it_is_part_of_instead(self) -> None:
        story = Fleet(dark(hold=MINUTE, severity=Severity.III, groups=("technical",)), switch())
        policy = story.bank.roster.severities[Severity.III]
        story.bank.roster.severities[Severity.III] = replace(policy, via=(SMS_THEN_MAIL,))
        story.go(0, story.of(0, 0)[:1])
        story.passes(MINUTE)
        assert story.paged() == ["wang first first"]  # by text, and the text is under way
        story.signal(90, rule="switch", key="sw1", switch="sw1")
        story.passes(2 * MINUTE)
        assert story.shown == ["switch sw1 system I"]
        assert story.paged() == ["wang part_of part_of", "zhao first first"]
        story.passes(10 * MINUTE)  # both texts are silent
        by_mail = [page for page in story.pages.values() if (page.recipient, page.channel) == ("wang", "mail")]
        assert [page.step for page in by_mail] == ["part_of"]

    def test_an_alarm_does_not_go_on_to_a_next_channel_when_what_took_it_over_is_long_over(self) -> None:
        story = Fleet(dark(hold=MINUTE, severity=Severity.III, groups=("technical",)), switch(clear=15))
        policy = story.bank.roster.severities[Severity.III]
        story.bank.roster.severities[Severity.III] = replace(policy, via=(SMS_THEN_MAIL,))
        story.go(0, story.of(0, 0)[:1])
        story.passes(MINUTE)
        story.signal(70, rule="switch", key="sw1", switch="sw1")
        story.go(100, story.of(0, 0)[:1], holds=False)
        story.signal(101, rule="switch", key="sw1", holds=False, switch="sw1")
        story.passes(20 * MINUTE)
        assert not [page for page in story.pages.values() if page.channel == "mail" and page.recipient == "wang"]

    def test_what_is_taken_over_twice_in_one_batch_tells_whom_the_first_had_alarmed(self) -> None:
        night = Night()
        night.becomes("ups", [one for one in BATTERIES if one.labels["branch"] == "1-0"], holds=True)
        night.becomes("dark", [one for one in MACHINES if one.labels["branch"] == "1-0"], holds=True)
        night.flush()
        night.accept_all(1)
        assert night.paged() == ["wang first first"]
        night.now = 64  # the branch is an incident since the 60th second, and nobody had time to decide it
        night.becomes("dark", [one for one in MACHINES if one.labels["region"] == "0"], holds=True)
        night.flush()
        assert [one.over for one in night.open] == ["fleet"]
        assert "wang part_of part_of" in night.paged()


class TestTold:
    """What was told to us is never read: its holds end by themselves."""

    def alert(self, story: Story, second: float, *, holds: bool = True, until: float | None = None) -> None:
        one = target("f1", ALERTS, team="pay")
        rows = (holds,) * len(story.bank.rules["pay"].rows)
        change = Change(target=one, at=at(second), truths={"pay": RuleTruth(True, holds, rows)})
        signal = Signal(change=change, until=None if until is None else at(until))
        story.decide(Pushed(request=f"p{second}", at=at(second), signals=(signal,)), now=second)

    def pay(self, **changed: Any) -> Fleet:
        return Fleet(rule("pay", watch=ALERTS, every=timedelta(), groups=("technical",), **changed))

    def test_an_alert_fires_when_its_hold_is_over(self) -> None:
        story = self.pay(hold=60)
        self.alert(story, 0)
        story.passes(59)
        assert story.shown == []
        story.passes(60)
        assert story.shown == ["pay f1 system III"]

    def test_it_becomes_worse_with_time(self) -> None:
        story = self.pay(hold=0, rows=(row(120, up=True),))
        self.alert(story, 0)
        story.passes(121)
        assert story.shown == ["pay f1 system II"]

    def test_it_ends_when_it_was_over_for_long_enough(self) -> None:
        story = self.pay(hold=0, clear=60)
        self.alert(story, 0, until=300)
        story.passes(359)
        assert story.shown == ["pay f1 system III"]
        story.passes(360)
        assert story.shown == []
        assert not story.ledger.timers

    def test_a_start_in_the_middle_changes_nothing(self) -> None:
        story = self.pay(hold=60, clear=60)
        self.alert(story, 0, until=300)
        story.restarts()
        story.passes(60)
        assert story.shown == ["pay f1 system III"]
        story.restarts()
        story.passes(360)
        assert story.shown == []


def test_what_comes_back_to_a_referred_incident_belongs_to_it() -> None:
    story = Fleet(rule("jam", hold=0, clear=15, watch="atm", groups=("vendor",), referred=True))
    one = story.fleet[:1]
    story.go(0, one, rule="jam")
    story.go(60, one, rule="jam", holds=False)
    story.passes(120)
    assert not story.ledger.symptoms
    story.go(180, one, rule="jam")
    [incident] = story.open
    assert {symptom.incident for symptom in story.ledger.symptoms.values()} == {incident.id}
