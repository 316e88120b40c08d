"""How wide an incident is: what fails together in a scope is one incident of that scope."""

from __future__ import annotations

from dataclasses import replace

from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.reason import Reason
from support.fleet import ALL, BRANCH, LONG_AGO, MINUTE, REGION, Fleet, dark


class TestOneMachine:
    def test_alone_it_is_the_vendors(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0, 0))
        story.passes(5 * MINUTE - 1)
        assert story.shown == []
        story.passes(6 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV"]
        assert story.paged() == ["li first first"]


class TestBranch:
    def test_a_whole_branch_is_one_incident_from_the_first(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(5 * MINUTE - 1)
        assert story.shown == []
        story.passes(6 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == ["wang first first", "zhao first tell"]
        assert {symptom.incident for symptom in story.ledger.symptoms.values()} == {story.open[0].id}

    def test_one_machine_that_answers_leaves_the_others_to_themselves(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0)[:2])
        story.passes(6 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV", "dark A-0-0-1 device IV"]

    def test_one_that_was_broken_before_is_no_part_of_it(self) -> None:
        story = Fleet()
        story.go(LONG_AGO, story.of(0, 0, 0))
        story.passes(0)
        story.go(0, story.of(0, 0)[1:])
        story.passes(6 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV", "dark branch=0-0 link III"]
        (opened,) = [text for text in story.reasons(Reason.OPENED) if "over branch" in text]
        assert opened.endswith("III, 2 of 2")

    def test_those_that_fail_too_far_apart_are_not_one(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0, 0))
        story.go(5 * MINUTE + 5, story.of(0, 0)[1:])
        story.passes(20 * MINUTE)
        assert story.shown == ["dark A-0-0-0 device IV", "dark branch=0-0 link III"]

    def test_what_is_open_already_is_taken_over_and_its_people_are_told_once(self) -> None:
        story = Fleet(fleet=Fleet().fleet)
        story.bank.rules["dark"] = story.bank.rules["dark"]
        story.go(0, story.of(0, 0)[:2])
        story.go(4 * MINUTE, story.of(0, 0)[2:])
        story.passes(4 * MINUTE + 30)
        assert story.shown == []
        story.passes(6 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == ["wang first first", "zhao first tell"]


class TestRegion:
    def test_a_fifth_of_a_region_over_three_branches(self) -> None:
        story = Fleet()
        story.go(0, [*story.of(0, 0)[:1], *story.of(0, 1)[:2], *story.of(0, 2)[:2]])
        story.passes(6 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        assert story.paged() == ["wang first first", "zhao first first"]

    def test_not_when_they_are_too_few_or_in_too_few_branches(self) -> None:
        story = Fleet()
        story.go(0, [*story.of(0, 0)[:2], *story.of(0, 1)[:2]])
        story.go(0, [*story.of(1, 0), *story.of(1, 1)[:2]])
        story.passes(6 * MINUTE)
        assert "region" not in " ".join(story.shown)

    def test_a_branch_widens_to_its_region_and_stays_one_incident(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        assert story.paged() == ["wang first first", "zhao first tell"]
        story.accept_all(6 * MINUTE)
        branch = story.open[0]
        story.go(7 * MINUTE, [*story.of(0, 1)[:2], *story.of(0, 2)[:1]])
        story.passes(8 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        assert story.paged() == ["wang widened widened", "zhao widened widened"]
        assert story.incidents[branch.id].into == story.open[0].id
        assert story.incidents[branch.id].ended_as is Reason.WIDENED


class TestFleet:
    def test_half_of_all_in_two_regions_is_the_systems(self) -> None:
        story = Fleet()
        story.go(0, [one for one in story.fleet if one.labels["region"] in "012"])
        story.passes(6 * MINUTE)
        assert story.shown == ["dark fleet system I"]
        assert story.paged() == ["zhao first first"]

    def test_half_without_data_says_nothing_about_width(self) -> None:
        story = Fleet()
        story.go(-60, [one for one in story.fleet if one.labels["region"] in "012"], holds=None)
        story.go(0, story.of(3))
        story.passes(6 * MINUTE)
        assert story.shown == ["dark region=3 link II"]
        story = Fleet()
        story.go(-60, story.of(3)[:10], holds=None)
        story.go(0, story.of(3)[10:])
        story.passes(6 * MINUTE)
        assert "region" not in " ".join(story.shown)
        assert story.reasons(Reason.MONITORING_LOST)


class TestTheEnd:
    def test_it_ends_below_half_and_what_still_fails_is_on_its_own(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        story.paged()
        story.go(10 * MINUTE, story.of(0, 0)[:1], holds=False)
        story.passes(13 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        story.go(14 * MINUTE, story.of(0, 0)[1:2], holds=False)
        story.passes(16 * MINUTE)
        assert story.shown == ["dark A-0-0-2 device IV"]
        assert story.paged() == ["li narrowed narrowed", "wang resolved resolved", "zhao resolved resolved"]
        story.accept_all(16 * MINUTE)
        story.go(17 * MINUTE, story.of(0, 0)[2:], holds=False)
        story.passes(20 * MINUTE)
        assert story.shown == []
        assert story.paged() == ["li resolved resolved"]
        assert not story.ledger.symptoms

    def test_what_was_not_confirmed_yet_keeps_it_wide_and_ends_it_as_it_recovers(self) -> None:
        story = Fleet()
        north, south = story.of(0), story.of(1)
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.go(6 * MINUTE, [*north[3:], *south, *story.of(2)[:9]])
        assert story.shown == ["dark fleet system I"]
        story.accept_all(6 * MINUTE + 10)
        story.paged()
        story.go(7 * MINUTE, story.of(0, 0)[:1], holds=False)
        story.passes(9 * MINUTE)
        assert story.shown == ["dark fleet system I"]
        story.go(9 * MINUTE, [*south, *story.of(2)[:9]], holds=False)
        story.passes(10 * MINUTE + 30)
        assert story.shown == ["dark region=0 link II"]
        assert story.paged() == [
            "wang narrowed narrowed",
            "wang resolved resolved",
            "zhao narrowed narrowed",
            "zhao resolved resolved",
        ]

    def test_all_back_is_one_all_clear(self) -> None:
        story = Fleet()
        story.go(0, story.of(0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        story.paged()
        story.go(10 * MINUTE, reversed(story.of(0)), holds=False)
        story.passes(15 * MINUTE)
        assert story.shown == []
        assert story.paged() == ["wang resolved resolved", "zhao resolved resolved"]
        assert not story.ledger.timers


class TestAcks:
    def test_an_ack_of_what_was_taken_over_counts_when_its_person_must_answer(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        branch = story.open[0]
        story.takes(6.5 * MINUTE, "wang", branch.code)
        story.go(7 * MINUTE, [*story.of(0, 1)[:2], *story.of(0, 2)[:1]])
        story.passes(8 * MINUTE)
        assert story.open[0].over == "region"
        assert story.open[0].ack is not None
        assert story.open[0].ack.person == "wang"

    def test_the_vendors_ack_is_none_for_the_whole_region(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0, 0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        single = story.open[0]
        story.takes(6.5 * MINUTE, "li", single.code)
        story.go(7 * MINUTE, [*story.of(0, 1)[:2], *story.of(0, 2)[:2]])
        story.passes(8 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        assert story.open[0].ack is None
        assert "li part_of part_of" in story.paged()

    def test_a_code_of_what_was_taken_over_takes_the_whole(self) -> None:
        story = Fleet()
        story.go(0, story.of(0, 0))
        story.passes(6 * MINUTE)
        code = story.open[0].code
        story.go(7 * MINUTE, [*story.of(0, 1)[:2], *story.of(0, 2)[:1]])
        story.passes(8 * MINUTE)
        assert story.takes(9 * MINUTE, "zhao", code).status == 200
        assert story.open[0].ack is not None

    def test_whoever_has_the_whole_is_not_paged_again_for_what_is_left(self) -> None:
        story = Fleet(dark(widens=(BRANCH, replace(REGION, at_least=8), ALL), unless=(), because=()))
        story.go(0, story.of(0))
        story.passes(6 * MINUTE)
        story.accept_all(6 * MINUTE)
        story.takes(7 * MINUTE, "wang", story.open[0].code)
        story.paged()
        story.go(10 * MINUTE, story.of(0)[3:], holds=False)
        story.passes(15 * MINUTE)
        assert story.shown == ["dark branch=0-0 link III"]
        assert story.paged() == ["wang resolved resolved", "zhao narrowed narrowed", "zhao resolved resolved"]
        assert story.open[0].ack is not None


class TestRestart:
    def test_a_start_in_the_middle_changes_nothing(self) -> None:
        story = Fleet()
        story.go(0, story.of(0))
        story.passes(2 * MINUTE)
        story.restarts()
        story.go(2 * MINUTE + 5, story.of(0))
        story.passes(6 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        story.restarts()
        story.go(6 * MINUTE + 10, story.of(0))
        story.passes(9 * MINUTE)
        assert story.shown == ["dark region=0 link II"]
        assert story.paged() == ["wang first first", "zhao first first"]
        story.accept_all(9 * MINUTE)
        story.go(10 * MINUTE, story.of(0), holds=False)
        story.passes(10 * MINUTE + 30)
        story.restarts()
        story.go(10 * MINUTE + 40, story.of(0), holds=False)
        story.passes(15 * MINUTE)
        assert story.shown == []
        assert story.paged() == ["wang resolved resolved", "zhao resolved resolved"]
        assert all(one.state is IncidentState.ENDED for one in story.incidents.values())
