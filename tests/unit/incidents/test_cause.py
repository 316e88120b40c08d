"""What it really is: parents, co-signals and wholes decide to which incident a symptom belongs."""

from __future__ import annotations

from datetime import timedelta

from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.rule import Parent
from ebank_sentinel.model.severity import Severity
from support.deciding import rule, target
from support.fleet import LONG_AGO, MINUTE, Fleet, dark, switch, ups


class TestCoSignal:
    def test_a_dark_branch_with_its_ups_engaged_is_a_power_incident(self) -> None:
        story = Fleet()
        story.signal(-30, rule="ups", key="ups-0-0", branch="0-0")
        story.accept_all(-20)
        assert story.shown == ["ups ups-0-0 power IV"]
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        assert story.shown == ["dark branch=0-0 power III"]
        assert [one.groups for one in story.open] == [("logistics",)]

    def test_it_may_come_while_the_incident_is_open_already(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        story.paged()
        story.signal(7 * MINUTE, rule="ups", key="ups-0-0", branch="0-0")
        assert story.shown == ["dark branch=0-0 power III"]
        assert story.paged() == ["wang cause-1 cause"]
        assert {symptom.incident for symptom in story.ledger.symptoms.values()} == {story.open[0].id}

    def test_the_ups_of_another_branch_says_nothing(self) -> None:
        story = Fleet()
        story.signal(0, rule="ups", key="ups-0-1", branch="0-1")
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        assert sorted(story.shown) == ["dark branch=0-0 link III", "ups ups-0-1 power IV"]

    def test_one_long_ago_says_nothing(self) -> None:
        story = Fleet()
        story.signal(-11 * MINUTE, rule="ups", key="ups-0-0", branch="0-0")
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        assert sorted(story.shown) == ["dark branch=0-0 link III", "ups ups-0-0 power IV"]

    def test_the_signal_returns_on_its_own_when_the_incident_is_over(self) -> None:
        story = Fleet()
        story.signal(0, rule="ups", key="ups-0-0", branch="0-0")
        story.accept_all(0)
        story.go(1, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        story.go(10 * MINUTE, story.of(0, 0), holds=False)
        story.passes(15 * MINUTE)
        assert story.shown == ["ups ups-0-0 power IV"]
        story.signal(16 * MINUTE, rule="ups", key="ups-0-0", holds=False, branch="0-0")
        story.accept_all(16 * MINUTE)
        story.passes(20 * MINUTE)
        assert story.shown == []


class TestParent:
    def test_children_of_a_confirmed_parent_are_part_of_it(self) -> None:
        story = Fleet()
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(10, story.fleet)
        story.passes(6 * MINUTE)
        assert story.shown == ["switch sw1 system I"]
        assert story.paged() == ["zhao first first"]
        incidents = {symptom.incident for symptom in story.ledger.symptoms.values()}
        assert incidents == {story.open[0].id}

    def test_a_parent_that_is_confirmed_later_takes_over_what_is_open(self) -> None:
        story = Fleet(dark(hold=MINUTE), ups(), switch(hold=3 * MINUTE))
        story.go(0, story.of(0, 0, 0))
        story.go(1, story.of(0, 1))
        story.passes(2 * MINUTE)
        story.accept_all(2 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV", "dark branch=0-1 link III"]
        story.paged()
        story.signal(2.5 * MINUTE, rule="switch", key="sw1", switch="sw1")
        story.passes(6 * MINUTE)
        assert story.shown == ["switch sw1 system I"]
        assert story.paged() == ["li part_of part_of", "wang part_of part_of", "zhao first first"]
        assert {one.ended_as for one in story.incidents.values() if not one.is_open} == {Reason.PARENT_DOWN}

    def test_a_child_waits_for_a_parent_that_is_only_pending(self) -> None:
        story = Fleet(dark(hold=MINUTE), ups(), switch(hold=3 * MINUTE))
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(1, story.of(0, 0))
        story.passes(2 * MINUTE)
        assert story.shown == []
        story.passes(4 * MINUTE)
        assert story.shown == ["switch sw1 system I"]

    def test_nothing_widens_while_a_parent_that_may_explain_it_is_pending(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        story.paged()
        story.signal(7 * MINUTE, rule="switch", key="sw1", switch="sw1")
        story.go(7 * MINUTE + 1, [one for one in story.fleet if one not in story.of(0, 0)])
        story.passes(7 * MINUTE + 29)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == []
        story.passes(7 * MINUTE + 31)
        assert story.shown == ["switch sw1 system I"]
        assert story.paged() == ["wang part_of part_of", "zhao first first"]

    def test_it_widens_at_once_when_that_parent_was_nothing(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.signal(7 * MINUTE, rule="switch", key="sw1", switch="sw1")
        story.go(7 * MINUTE + 1, [one for one in story.fleet if one not in story.of(0, 0)])
        story.signal(7 * MINUTE + 20, rule="switch", key="sw1", holds=False, switch="sw1")
        assert story.shown == ["dark fleet system I"]

    def test_it_waits_in_vain_when_the_parent_was_nothing(self) -> None:
        story = Fleet(dark(hold=MINUTE), ups(), switch(hold=3 * MINUTE))
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(1, story.of(0, 0))
        story.passes(2 * MINUTE)
        story.signal(2 * MINUTE + 1, rule="switch", key="sw1", holds=False, switch="sw1")
        assert story.shown == ["dark branch=0-0 link III"]

    def test_what_failed_long_before_is_not_its_child(self) -> None:
        story = Fleet()
        story.go(LONG_AGO, story.of(0, 0, 0))
        story.passes(0)
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(10, story.of(0, 1))
        story.passes(6 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV", "switch sw1 system I"]

    def test_a_child_that_still_fails_ten_minutes_after_it_stands_on_its_own(self) -> None:
        story = Fleet()
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(10, story.fleet)
        story.passes(20 * MINUTE)
        story.accept_all(20 * MINUTE)
        story.paged()
        story.signal(20 * MINUTE, rule="switch", key="sw1", holds=False, switch="sw1")
        story.go(20 * MINUTE + 1, story.fleet[3:], holds=False)
        story.passes(22 * MINUTE)
        assert story.shown == []
        assert story.paged() == ["zhao resolved resolved"]
        story.accept_all(22 * MINUTE)
        story.passes(32 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == ["wang returned returned", "zhao returned returned"]

    def test_children_under_a_parent_are_in_no_share(self) -> None:
        story = Fleet(dark(unless=(Parent(rule="switch", same=("branch",)),)), ups(), switch())
        story.signal(0, rule="switch", key="s", branch="0-0")
        story.signal(0, rule="switch", key="t", branch="0-1")
        story.go(10, [*story.of(0, 0), *story.of(0, 1), *story.of(0, 2)[:1]])
        story.passes(6 * MINUTE)
        assert sorted(story.shown) == ["dark A-0-2-0 device IV", "switch s system I", "switch t system I"]

    def test_a_restart_in_the_ten_minutes_changes_nothing(self) -> None:
        story = Fleet()
        story.signal(0, rule="switch", key="sw1", switch="sw1")
        story.go(10, story.of(0, 0))
        story.passes(20 * MINUTE)
        story.accept_all(20 * MINUTE)
        story.signal(20 * MINUTE, rule="switch", key="sw1", holds=False, switch="sw1")
        story.passes(22 * MINUTE)
        story.paged()
        story.restarts()
        story.go(23 * MINUTE, story.of(0, 0))
        story.passes(32 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == ["wang returned returned", "zhao returned returned"]


def attack() -> Fleet:
    """Logins fail and the firewall blocks: together an attack."""
    login = rule("login", hold=60, watch="login", severity=Severity.III, groups=("technical",))
    waf = rule("waf", hold=60, watch="waf", severity=Severity.IV, category="attack", groups=("business",))
    whole = rule(
        "attack",
        hold=0,
        watch="",
        every=timedelta(0),
        severity=Severity.II,
        category="attack",
        groups=("command",),
        all_of=("login", "waf"),
        same=("service",),
        within=timedelta(minutes=10),
    )
    return Fleet(login, waf, whole, fleet=())


class TestWhole:
    def test_all_parts_together_are_one_incident_that_takes_theirs_over(self) -> None:
        story = attack()
        story.signal(0, rule="login", key="l", service="login")
        story.passes(2 * MINUTE)
        story.accept_all(2 * MINUTE)
        assert story.shown == ["login l system III"]
        story.paged()
        story.signal(3 * MINUTE, rule="waf", key="w", service="login")
        story.passes(5 * MINUTE)
        assert story.shown == ["attack service=login attack II"]
        assert story.paged() == ["wang part_of part_of", "zhao first first"]

    def test_parts_of_two_services_are_two_incidents(self) -> None:
        story = attack()
        story.signal(0, rule="login", key="l", service="login")
        story.signal(0, rule="waf", key="w", service="payment")
        story.passes(5 * MINUTE)
        assert sorted(story.shown) == ["login l system III", "waf w attack IV"]

    def test_parts_too_far_apart_are_two_incidents(self) -> None:
        story = attack()
        story.signal(0, rule="login", key="l", service="login")
        story.signal(11 * MINUTE, rule="waf", key="w", service="login")
        story.passes(15 * MINUTE)
        assert sorted(story.shown) == ["login l system III", "waf w attack IV"]

    def test_when_one_part_is_over_the_other_is_on_its_own_again(self) -> None:
        story = attack()
        story.signal(0, rule="login", key="l", service="login")
        story.signal(0, rule="waf", key="w", service="login")
        story.passes(5 * MINUTE)
        story.accept_all(5 * MINUTE)
        story.paged()
        story.signal(6 * MINUTE, rule="waf", key="w", holds=False, service="login")
        story.passes(8 * MINUTE)
        assert story.shown == ["login l system III"]
        assert story.paged() == ["wang returned-1 returned", "zhao resolved resolved"]


class TestTarget:
    def test_a_label_that_one_lacks_agrees_with_nothing(self) -> None:
        story = Fleet(fleet=(target("lonely", "atm"),))
        story.signal(0, rule="switch", key="sw1")
        story.go(10, story.fleet)
        story.passes(6 * MINUTE)
        assert sorted(story.shown) == ["dark lonely device IV", "switch sw1 system I"]
