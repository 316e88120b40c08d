"""Why a target pages, or does not, and what an incident is made of: in words that hold at 3 a.m."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ebank_sentinel.daemon.explain_incident import explain_incident
from ebank_sentinel.daemon.explain_target import explain_target, find_target
from ebank_sentinel.daemon.seen import Seen
from ebank_sentinel.errors import RequestError
from ebank_sentinel.incidents.draft import Draft
from ebank_sentinel.model.item import Change, End, Pushed, RuleTruth, Signal
from ebank_sentinel.model.reading import Reading, Target, TargetId
from ebank_sentinel.model.rule import ALERTS, FLEET, REPORTS, Cause, Meaning, Parent, Row, Rule, Width
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.rules.condition import Names, parse
from ebank_sentinel.rules.watch import Asked, Watch
from support.deciding import EVERY, LOGIN, SmallBank, Story, at, row, rule, seconds, target

NAMES = Names(fields={"rate": float, "attempts": float, "up": bool, "error": str}, times=("night",))
HOUR = timedelta(hours=1)


def seen(
    story: Story,
    second: float,
    *,
    probe: str = "login",
    where: Mapping[str, str] | None = None,
    when: Mapping[str, str] | None = None,
    worse: Mapping[str, tuple[str | None, ...]] | None = None,
) -> Seen:
    """One moment of a story. Rules ask for `rate < 0.95`, unless the test says otherwise."""
    asked: dict[str, list[Asked]] = {}
    for one in story.bank.rules.values():
        if one.watch and not one.pushed:
            label = (where or {}).get(one.id)
            rows = (worse or {}).get(one.id, (None,) * len(one.rows))
            asked.setdefault(one.watch, []).append(
                Asked(
                    rule=one.id,
                    where=None if label is None else parse(label, Names(times=("night",), reading=False)),
                    when=None if one.no_data else parse((when or {}).get(one.id, "rate < 0.95"), NAMES),
                    rows=tuple(None if text is None else parse(text, NAMES) for text in rows),
                )
            )
    story.ledger.count_by(story.bank.world().relations.counted)
    targets = {one.id: one for one in (*story.bank.listed, LOGIN) if one.id.probe == probe}
    return Seen(
        world=story.bank.world(),
        draft=Draft(story.ledger),
        watches={name: Watch.of(questions, ("night",)) for name, questions in asked.items()},
        targets=targets,
        every=EVERY if probe in asked else None,
        active=frozenset({"night"}),
        now=at(second),
    )


def why(story: Story, second: float, *, of: Target = LOGIN, rule: str = "login-low", **more: Any) -> dict[str, Any]:
    """What is said of one rule."""
    found = explain_target(seen(story, second, probe=of.id.probe, **more), of)
    rules: dict[str, dict[str, Any]] = {one["rule"]: one for one in found["rules"]}
    return rules[rule]


class TestWhereARuleStands:
    def test_a_target_that_was_never_read_is_unknown_and_says_so(self) -> None:
        found = explain_target(seen(Story(), 0), LOGIN)
        assert found["reading"] is None
        assert found["rules"][0]["when"]["reason"] == "the target is not read: there is no data"
        assert found["rules"][0]["why"] == "unknown, and so it begins nothing"

    def test_a_reading_that_is_too_old_is_none(self) -> None:
        story = Story(SmallBank(), rule(), rule("silent", no_data=True))
        story.works(0)
        fresh, old = (explain_target(seen(story, second), LOGIN) for second in (30, 31))
        assert [one["holds"] for one in fresh["rules"]] == [False, False]
        assert (fresh["reading"]["fresh"], old["reading"]["fresh"], old["reading"]["age_s"]) == (True, False, 31.0)
        assert [one["holds"] for one in old["rules"]] == [None, True]

    def test_a_series_that_left_its_answer_is_no_trouble(self) -> None:
        story = Story()
        story.bank.readings[LOGIN.id] = Reading(target=LOGIN, at=at(0), up=True, present=False)
        found = why(story, 100)
        assert (found["holds"], found["why"]) == (False, "it does not hold")
        assert found["when"]["reason"] == "the series left a complete answer: nothing of it holds"

    def test_a_target_that_does_not_count_says_so_whatever_it_reads(self) -> None:
        story = Story()
        story.bank.reads(LOGIN, at(0), {"rate": 0.5})
        found = why(story, 1, where={"login-low": "now not in night"})
        assert (found["counts"], found["holds"]) == (False, True)
        assert found["why"] == "`where` does not hold: the target does not count"
        unknown = why(story, 1, where={"login-low": 'label.status == "live"'})
        assert unknown["why"] == "`where` is unknown: the target does not count"
        assert unknown["where"]["reason"] == "the target has no label status"

    def test_parts_of_a_condition_have_answers_of_their_own(self) -> None:
        story = Story()
        story.bank.reads(LOGIN, at(0), {"rate": 0.5})
        found = why(story, 1, when={"login-low": "rate < 0.95 and attempts >= 200"})["when"]
        assert [(one["text"], one["truth"], one["values"], one["reason"]) for one in found["parts"]] == [
            ("rate < 0.95", True, {"rate": 0.5}, ""),
            ("attempts >= 200", None, {}, "the reading has no attempts"),
        ]

    def test_pending_firing_clearing_and_over(self) -> None:
        story = Story()
        story.fails(0)
        assert why(story, 1)["why"] == (
            "pending since 12-10 03:00:00; fires at 12-10 03:03:00 if it still holds, and is read, then"
        )
        story.passes(180)
        code = story.incident.code
        assert why(story, 181)["why"] == f"fires since 12-10 03:03:00 (began 12-10 03:00:00); its incident is {code}"
        story.works(200)
        found = why(story, 201)
        assert found["why"] == "does not hold since 12-10 03:03:20; over at 12-10 03:04:20 if that stays so"
        assert (found["symptom"]["state"], found["symptom"]["code"]) == ("clearing", code)
        story.passes(300)
        assert why(story, 301)["symptom"] is None

    def test_what_is_unknown_keeps_its_state(self) -> None:
        story = Story()
        story.fails(0)
        story.passes(180)
        story.unknown(230)
        assert why(story, 231)["why"].endswith("; there is no data now, so it stays as it is")

    def test_a_hold_that_ended_while_nobody_looked_waits_for_a_reading(self) -> None:
        story = Story()
        story.fails(0)
        story.restarts()
        story.silently(400)
        assert why(story, 400)["why"].startswith(
            "pending since 12-10 03:00:00; its hold is over, and it fires with the next reading that holds"
        )


class TestRowsThatMakeItWorse:
    def test_one_with_a_hold_says_since_when_and_from_when(self) -> None:
        story = Story(SmallBank(), rule(rows=(row(600, severity=Severity.II),)))
        assert why(story, 0)["worse"][0]["why"] == "its rule does not fire"
        story.fails(0, True)
        found = why(story, 10)["worse"][0]
        assert (found["says"], found["applies"]) == ("severity II", False)
        assert found["why"] == "holds since 12-10 03:00:00; applies at 12-10 03:10:00"
        story.passes(600)
        assert why(story, 601)["worse"][0]["why"] == "it applies since it held for 10m"
        assert why(story, 601)["worse"][0]["applies"]

    def test_one_with_a_condition_of_its_own_shows_it(self) -> None:
        story = Story(SmallBank(), rule(rows=(row(60, severity=Severity.II),)))
        story.fails(0, False)
        found = why(story, 1, worse={"login-low": ("rate < 0.5",)})["worse"][0]
        assert (found["when"]["text"], found["holds"], found["why"]) == ("rate < 0.5", False, "it does not hold")
        found = why(story, 1, worse={"login-low": ("attempts < 5",)})["worse"][0]
        assert found["why"] == "it is unknown"

    def test_one_that_counts_says_how_often(self) -> None:
        counted = Row(hold=seconds(0), meaning=Meaning(tell=("business",)), count=2, within=HOUR)
        story = Story(SmallBank(), rule(hold=0, clear=0, rows=(counted,)))
        story.fails(0, False)
        assert why(story, 1)["worse"][0]["why"] == "1 of 2 times within 1h"
        story.works(10)
        story.fails(20, False)
        found = why(story, 21)["worse"][0]
        assert (found["why"], found["applies"], found["says"]) == ("2 of 2 times within 1h", True, "tell business")


def test_a_rule_that_counts_opens_nothing_before_it_came_often_enough() -> None:
    story = Story(SmallBank(), rule(hold=0, clear=0, count=3, within=HOUR))
    story.fails(0)
    found = why(story, 1)
    assert found["why"].endswith("counted only: 1 of 3 within 1h")
    assert found["count"] == {"needed": 3, "within": "1h", "times": 1}


def test_what_would_come_back_says_until_when() -> None:
    story = Story(SmallBank(), rule(hold=0, clear=0, reopen_within=HOUR))
    story.fails(0)
    assert why(story, 1)["reopen"] is None
    story.works(60)
    found = why(story, 61)["reopen"]
    assert found["why"] == f"if it fails again before 12-10 04:01:00, it is {story.incident.code} once more"


def wide(*widths: Width, hold: float = 0, clear: float = 0, **more: Any) -> Rule:
    return rule("dark", hold=hold, clear=clear, watch="atm", widens=widths, **more)


def width(over: str, at_least: int, share: float = 0, **more: Any) -> Width:
    return Width(
        over=over, at_least=at_least, share=share, within=seconds(600), meaning=Meaning(category="link"), **more
    )


def atm(number: int) -> Target:
    """Two to a branch, all in one region."""
    return target(f"A{number}", "atm", branch=f"000{number // 2}", region="east", switch="sw1")


def fleet(*rules: Rule, size: int = 10) -> Story:
    story = Story(SmallBank(), *rules)
    story.bank.listed = tuple(atm(number) for number in range(size))
    return story


class TestWidth:
    def rows(self, story: Story, second: float, of: Target) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = why(story, second, of=of, rule="dark")["widens"]
        return found

    def test_too_few_says_how_many_are_needed_and_why(self) -> None:
        story = fleet(wide(width("branch", 2), width("region", 2, 0.4), width(FLEET, 2, spread={"branch": 3})))
        assert [one["why"] for one in self.rows(story, 0, atm(0))] == ["nothing fails"] * 3
        story.fails(0, of=atm(0), rule="dark")
        found = self.rows(story, 1, atm(0))
        assert [one["why"] for one in found] == [
            "1 of 2 fail together: 2 are needed (at least 2)",
            "1 of 10 fail together: 4 are needed (40% of 10)",
            "1 of 10 fail together: 2 are needed (at least 2)",
        ]
        assert found[1]["asks"] == "over region, share 40%, at least 2, within 10m"
        assert found[2]["asks"] == "over the fleet, at least 2, spread 3 branch, within 10m"
        assert (found[0]["value"], found[0]["failing"], found[0]["base"], found[0]["share"]) == ("0000", 1, 2, 0.5)
        assert found[0]["waits_until"] == "2026-12-09T19:00:16.500Z"

    def test_enough_in_too_few_places_is_not_spread(self) -> None:
        story = fleet(wide(width(FLEET, 2, spread={"branch": 2})))
        for number in (0, 1):
            story.fails(0, of=atm(number), rule="dark")
        story.passes(60)
        assert self.rows(story, 61, atm(0))[0]["why"] == (
            "2 of 10 fail together, which is enough, but under fewer than 2 values of branch"
        )

    def test_enough_that_nobody_has_confirmed_says_from_when(self) -> None:
        story = fleet(wide(width("branch", 2), hold=60))
        for number in (0, 1):
            story.fails(0, of=atm(number), rule="dark")
        assert self.rows(story, 1, atm(0))[0]["why"] == (
            "2 of 2 fail together, which is enough, but none is confirmed before 12-10 03:01:00"
        )

    def test_a_scope_without_data_is_lost_and_concludes_nothing(self) -> None:
        story = fleet(wide(width("region", 2, 0.2)))
        for number in range(5):
            story.unknown(0, of=atm(number), rule="dark")
        for number in (5, 6):
            story.fails(1, of=atm(number), rule="dark")
        story.passes(60)
        found = self.rows(story, 61, atm(5))[0]
        assert found["why"] == "2 of 5 fail together, but monitoring is lost: 5 of 10 have no data"
        assert (found["monitoring_lost"], found["holds"], found["no_data"]) == (True, False, 5)

    def test_one_that_holds_names_the_incident_that_is_open_there(self) -> None:
        story = fleet(wide(width("branch", 2)))
        for number in (0, 1):
            story.fails(0, of=atm(number), rule="dark")
        story.passes(60)
        found = self.rows(story, 61, atm(0))[0]
        assert (found["holds"], found["why"]) == (True, "2 of 2 fail together, 2 are needed: it holds")
        assert (found["incident"]["code"], found["incident"]["where"]) == (story.incident.code, "branch 0000")
        standing = why(story, 61, of=atm(0), rule="dark")["why"]
        assert standing.endswith(f"part of {story.incident.code}: dark, which is wider")

    def test_what_failed_before_is_no_part_of_it(self) -> None:
        story = fleet(wide(width("region", 3)))
        story.fails(0, of=atm(0), rule="dark")
        story.passes(3600)
        story.fails(3601, of=atm(4), rule="dark")
        found = self.rows(story, 3602, atm(4))[0]
        assert found["why"] == "1 of 9 fail together, 1 failed before them: 3 are needed (at least 3)"

    def test_a_target_that_lacks_the_label_has_no_scope(self) -> None:
        story = fleet(wide(width("province", 2)))
        assert self.rows(story, 0, atm(0))[0]["why"] == "the target has no label province"


SWITCH = target("sw1", "switch", switch="sw1")


class TestParents:
    def story(self) -> Story:
        child = wide(unless=(Parent(rule="switch-lost", same=("switch",)), Parent(rule="core-down", same=())))
        return fleet(child, rule("switch-lost", hold=60, clear=0, watch="switch"))

    def rows(self, story: Story, second: float, of: Target | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = why(story, second, of=of or atm(0), rule="dark")["unless"]
        return found

    def test_one_that_is_quiet_and_one_that_sleeps(self) -> None:
        found = self.rows(self.story(), 0)
        assert [(one["rule"], one["same"], one["why"]) for one in found] == [
            ("switch-lost", {"switch": "sw1"}, "it does not hold here"),
            ("core-down", {}, "this rule is dormant"),
        ]
        assert self.rows(self.story(), 0, target("A99", "atm"))[0]["why"] == "the target has no label switch"

    def test_one_that_is_pending_is_waited_for_and_one_that_fires_takes_it(self) -> None:
        story = self.story()
        story.fails(0, of=SWITCH, rule="switch-lost")
        story.fails(5, of=atm(0), rule="dark")
        found = self.rows(story, 6)[0]
        assert (found["state"], found["target"], found["explains"]) == ("pending", "switch/sw1", True)
        assert found["why"] == "it is pending: what fails here waits for it"
        assert "waits for its parent switch-lost on switch/sw1" in why(story, 6, of=atm(0), rule="dark")["why"]
        story.passes(60)
        parent = story.incident.code
        assert self.rows(story, 61)[0]["why"] == f"it fires: what fails here is part of {parent}"
        assert why(story, 61, of=atm(0), rule="dark")["why"].endswith(
            f"part of {parent}, the incident of its parent switch-lost"
        )

    def test_one_that_is_over_leaves_it_time(self) -> None:
        story = self.story()
        story.fails(0, of=SWITCH, rule="switch-lost")
        story.fails(5, of=atm(0), rule="dark")
        story.passes(60)
        story.works(120, of=SWITCH, rule="switch-lost")
        assert why(story, 121, of=atm(0), rule="dark")["why"].endswith(
            "its parent switch-lost is over; it stands on its own at 12-10 03:12:00 if it still fails"
        )

    def test_one_that_began_long_after_explains_nothing(self) -> None:
        story = self.story()
        story.fails(0, of=atm(0), rule="dark")
        story.passes(700)
        story.fails(701, of=SWITCH, rule="switch-lost")
        found = self.rows(story, 702)[0]
        assert (found["explains"], found["why"]) == (
            False,
            "it began more than 10m after this one failed: it does not explain it",
        )


class TestCauses:
    def story(self) -> Story:
        because = tuple(
            Cause(seen=name, same=("branch",), within=seconds(600), meaning=Meaning(category="power"))
            for name in ("battery", "router", "gone")
        )
        others = [rule(name, hold=0, clear=0, watch="ups") for name in ("battery", "router")]
        return fleet(wide(because=because), *others)

    def rows(self, story: Story, second: float) -> list[tuple[bool, str]]:
        return [(one["applies"], one["why"]) for one in why(story, second, of=atm(0), rule="dark")["because"]]

    def test_the_first_that_is_seen_applies(self) -> None:
        story, ups = self.story(), target("u0", "ups", branch="0000")
        assert self.rows(story, 0) == [
            (False, "it does not hold here"),
            (False, "it does not hold here"),
            (False, "this rule is dormant"),
        ]
        for name in ("battery", "router"):
            story.fails(0, of=ups, rule=name)
        assert self.rows(story, 1)[0] == (False, "it is seen; this one does not fail")
        story.fails(5, of=atm(0), rule="dark")
        assert self.rows(story, 6)[:2] == [
            (True, "it is seen, and applies"),
            (False, "it is seen; a row before it applies"),
        ]

    def test_one_that_is_far_off_or_unknown_does_not(self) -> None:
        story, ups = self.story(), target("u0", "ups", branch="0000")
        story.fails(0, of=ups, rule="battery")
        story.fails(0, of=ups, rule="router")
        story.unknown(1, of=ups, rule="router")
        story.passes(700)
        story.fails(701, of=atm(0), rule="dark")
        assert self.rows(story, 702)[:2] == [(False, "its onset is more than 10m away"), (False, "it has no data")]


def test_a_whole_says_which_of_its_parts_is_missing() -> None:
    whole = rule("attack", watch="", all_of=("login-low", "waf"), same=("service",), within=seconds(600))
    story = Story(SmallBank(), rule(hold=0), rule("waf", hold=0, watch="waf"), whole)
    login, waf = target(service="login"), target("w", "waf", service="login")
    story.fails(0, of=login)
    found = why(story, 1, of=login)["parts_of"][0]
    assert (found["rule"], found["holds"], found["why"]) == ("attack", False, "waf does not fire here")
    story.fails(2, of=waf, rule="waf")
    found = why(story, 3, of=login)["parts_of"][0]
    assert (found["why"], [one["state"] for one in found["parts"]]) == ("all of its parts fire", ["firing", "firing"])
    assert found["incident"]["code"] == story.incident.code


def test_of_what_was_told_to_us_only_the_rules_that_took_it_are_shown() -> None:
    rules = [rule(name, hold=0, clear=0, watch=ALERTS, every=seconds(0)) for name in ("pay", "other")]
    story = Story(SmallBank(), *rules)
    alert = target("f00d", ALERTS, alertname="PayDown")
    truths = {"pay": RuleTruth(counts=True, holds=True, rows=()), "other": RuleTruth(counts=True, holds=False, rows=())}
    change = Change(target=alert, at=at(0), truths=truths)
    story.decide(Pushed(request="r", at=at(0), signals=(Signal(change=change),)), now=0)
    found = explain_target(seen(story, 1, probe=ALERTS), alert)
    assert [(one["rule"], one["holds"], one["when"]) for one in found["rules"]] == [("pay", True, None)]
    assert (found["every"], found["reading"]) == (None, None)


class TestFindingATarget:
    PROBES = ("atm", "login")

    def test_one_of_many_is_to_be_named(self) -> None:
        with pytest.raises(RequestError, match=r"atm has 12 targets, name one: A0, A1, A10, .* or 2 more") as caught:
            find_target(seen(fleet(wide(), size=12), 0, probe="atm"), "atm", None, self.PROBES)
        assert caught.value.status == 404

    def test_the_only_one_need_not_be(self) -> None:
        assert find_target(seen(Story(), 0), "login", None, self.PROBES) == LOGIN

    @pytest.mark.parametrize(
        ("probe", "key", "words"),
        [
            ("atmm", None, """there is no probe 'atmm': did you mean "atm"?"""),
            ("atm", "A01", """atm has no target 'A01': did you mean "A1"?"""),
            ("atm", "x" * 5000, "atm has no target 'xxx"),
        ],
    )
    def test_what_is_not_there_is_said_with_what_is_close(self, probe: str, key: str | None, words: str) -> None:
        with pytest.raises(RequestError) as caught:
            find_target(seen(fleet(wide()), 0, probe="atm"), probe, key, self.PROBES)
        assert caught.value.detail.startswith(words)
        assert len(caught.value.detail) < 200

    def test_a_probe_without_targets_says_so(self) -> None:
        with pytest.raises(RequestError, match="atm has no target now: none is listed, found or failing"):
            find_target(seen(Story(), 0, probe="atm"), "atm", "A0", self.PROBES)


class TestAnIncident:
    def test_shows_the_rows_that_apply_in_their_order(self) -> None:
        story = Story(SmallBank(), rule(hold=0, rows=(row(60, up=True, groups=("command",)),)))
        story.fails(0, True)
        story.passes(60)
        found = explain_incident(seen(story, 61), story.incident)
        assert found["rows"] == [
            {"row": "rule", "says": "severity III, category system, groups technical", "why": "rate < 0.95"},
            {"row": "worse 1", "says": "severity up, groups command", "why": "it held for long enough"},
        ]
        assert (found["where"], found["scope_now"], found["ends"]) == ("login", None, "")

    def test_says_when_it_ends_if_its_condition_stays_well(self) -> None:
        story = Story(SmallBank(), rule(hold=0))
        story.fails(0)
        story.works(10)
        found = explain_incident(seen(story, 11), story.incident)
        assert found["ends"] == "its condition holds no more: it ends at 12-10 03:01:10 if that stays so"

    def test_of_a_scope_shows_how_many_fail_and_the_first_of_its_symptoms(self) -> None:
        story = fleet(wide(width("region", 2, 0.2), width(FLEET, 40)), size=60)
        for number in range(30):
            story.fails(number / 10, of=atm(number), rule="dark")
        story.passes(60)
        found = explain_incident(seen(story, 61, probe="atm"), story.incident)
        assert found["where"] == "region east"
        assert found["scope_now"]["why"] == "30 of 60 fail in region east"
        assert [one["row"] for one in found["rows"]] == ["rule", "widens 1"]
        assert (found["symptom_count"], len(found["symptoms"])) == (30, 20)
        assert found["symptoms"][0]["target"] == "atm/A0"

    def test_that_narrows_says_when_it_will_be_over(self) -> None:
        story = fleet(wide(width("region", 4), clear=60))
        for number in range(4):
            story.fails(0, of=atm(number), rule="dark")
        story.passes(30)
        for number in range(3):
            story.works(40, of=atm(number), rule="dark")
        found = explain_incident(seen(story, 41, probe="atm"), story.incident)
        assert found["ends"] == "less than half of what it needed fails: it ends at 12-10 03:01:40 if that stays so"

    def test_that_is_over_keeps_its_rows_and_has_no_end_to_come(self) -> None:
        story = Story(SmallBank(), rule("theft", hold=0, clear=0, watch=REPORTS, every=seconds(0)))
        report = target("r1", REPORTS)
        truths = {"theft": RuleTruth(counts=True, holds=True, rows=())}
        change = Change(target=report, at=at(0), truths=truths)
        story.decide(Pushed(request="r", at=at(0), signals=(Signal(change=change),)), now=0)
        story.decide(End(request="e", incident=story.incident.code, person="wang", at=at(9)), now=9)
        found = explain_incident(seen(story, 10, probe=REPORTS), story.incident)
        assert (found["ends"], found["symptom_count"], [one["row"] for one in found["rows"]]) == ("", 0, ["rule"])

    def test_whose_rule_is_gone_keeps_what_it_had(self) -> None:
        story = Story(SmallBank(), rule(hold=0), rule("other"))
        story.fails(0)
        incident = story.incident
        del story.bank.rules["login-low"]
        found = explain_incident(seen(story, 1), incident)
        assert (found["rows"], found["scope_now"]) == ([], None)


def test_a_target_of_no_rule_is_shown_with_what_was_read() -> None:
    story = Story(SmallBank(), rule("other", watch="core"))
    story.bank.reads(LOGIN, at(0), {"rate": 0.5})
    found = explain_target(seen(story, 1), Target(id=TargetId("login", "login"), labels={"service": "login"}))
    assert (found["rules"], found["reading"]["fields"], found["labels"]) == ([], {"rate": 0.5}, {"service": "login"})
