"""What a test may say of a bank, and what the daemon's own parts make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebank_sentinel.trial.reach import Reached
from support.trial_bank import differences, run, write_bank

BRANCH = """targets:
              atm: [{terminal: A1, branch: "0001"}, {terminal: A2, branch: "0001"}]
              ups: [{ups: U1, branch: "0001"}]
            start: 2026-12-10T10:00"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return write_bank(tmp_path)


class TestReadings:
    def test_a_reading_holds_until_the_next_one_for_the_same_target(self, bank: Path) -> None:
        story = f"""
            name: one machine
            {BRANCH}
            readings:
              - {{at: 0s, atm: {{}}}}
              - {{at: 1m, atm: {{terminal: A1}}, error: timeout}}
              - {{at: 20m, atm: {{terminal: A1}}}}
            expect:
              - {{at: 5m59s, quiet: true}}
              - {{at: 6m, incidents: [{{rule: atm-dark, target: A1, category: device, severity: IV}}],
                 pages: [{{to: wang, channel: mail, reason: first, text: ATM失联}}]}}
              - {{at: 20m59s, incidents: [{{rule: atm-dark, scope: {{terminal: A1}}}}]}}
              - {{at: 21m, quiet: true, pages: [{{to: wang, channel: mail, reason: resolved, not_text: 一级}}]}}
        """
        assert differences(bank, story) == []

    def test_labels_choose_all_targets_that_have_them_and_a_whole_branch_is_one_incident(self, bank: Path) -> None:
        story = f"""
            name: a branch
            {BRANCH}
            readings:
              - {{at: 0s, atm: {{}}}}
              - {{at: 1m, atm: {{branch: "0001"}}, up: false}}
            expect:
              - at: 7m
                incidents: [{{rule: atm-dark, scope: {{branch: "0001"}}, category: link, severity: III, symptoms: 2}}]
                pages: [{{to: wang, channel: sms}}]
        """
        assert differences(bank, story) == []

    def test_a_co_signal_is_a_reading_of_another_probe(self, bank: Path) -> None:
        story = f"""
            name: no power
            {BRANCH}
            readings:
              - {{at: 0s, atm: {{}}}}
              - {{at: 0s, ups: {{}}}}
              - {{at: 1m, ups: {{ups: U1}}, up: false}}
              - {{at: 1m, atm: {{}}, up: false}}
            expect:
              - at: 7m
                incidents: [{{rule: atm-dark, scope: {{branch: "0001"}}, category: power, groups: [logistics]}}]
                pages: any
        """
        [verdict] = run(bank, story)
        assert verdict.differences == []
        assert {Reached("atm-dark", "widens", 1), Reached("atm-dark", "because", 1)} <= verdict.reached

    def test_a_probe_without_targets_has_its_one_target(self, bank: Path) -> None:
        story = """
            name: login
            start: 2026-12-10T10:00
            readings: [{at: 10s, login: {}, error: refused, queue: 12}]
            expect: [{at: 10s, incidents: [{rule: login-down, target: login}], pages: [{to: wang}]}]
        """
        assert differences(bank, story) == []

    def test_series_bring_their_labels_with_their_readings(self, bank: Path) -> None:
        story = """
            name: series
            start: 2026-12-10T10:00
            readings:
              - {at: 0s, rate: {site: a}, fields: {rate: 0.9}, attempts: 300}
              - {at: 0s, rate: {site: b}, fields: {rate: 0.9}, attempts: 300}
              - {at: 4m, rate: {}, fields: {rate: 0.99}, attempts: 300}
            expect:
              - at: 3m
                incidents: [{rule: login-low, scope: {site: a}}, {rule: login-low, target: site=b}]
                pages: any
              - {at: 5m, quiet: true, pages: any}
        """
        assert differences(bank, story) == []

    def test_what_a_series_lacks_is_unknown_and_a_query_that_is_silent_is_missed(self, bank: Path) -> None:
        story = """
            name: silence
            start: 2026-12-10T10:00
            readings: [{at: 0s, rate: {}, attempts: 300}, {at: 10m, rate: {}, no_data: true}]
            expect:
              - {at: 10m30s, quiet: true}
              - {at: 10m31s, incidents: [{rule: login-gone}], pages: [{to: wang, channel: mail}]}
        """
        assert differences(bank, story) == []

    def test_a_series_that_left_a_complete_answer_is_well(self, bank: Path) -> None:
        story = """
            name: left
            start: 2026-12-10T10:00
            readings: [{at: 0s, wrong: {host: a}, value: 1}, {at: 5m, wrong: {}, gone: true}]
            expect:
              - {at: 1m, incidents: [{rule: something-wrong, scope: {host: a}}], pages: [{to: wang}]}
              - {at: 10m, quiet: true, pages: [{to: wang, reason: resolved}]}
        """
        assert differences(bank, story) == []


class TestPeopleAndTold:
    def test_a_report_is_taken_and_ends_by_a_person(self, bank: Path) -> None:
        story = """
            name: phishing
            start: 2026-12-10T10:00
            reports: [{at: 1m, type: phishing, place: www.example, time: unknown}]
            acks: [{at: 2m, rule: phishing, by: li}]
            ends: [{at: 30m, rule: phishing, by: wang, note: taken down}]
            expect:
              - {at: 1m30s, incidents: [{rule: phishing, ack: false}], pages: [{to: wang, text: 钓鱼网站}]}
              - {at: 5m, incidents: [{rule: phishing, ack: li}]}
              - {at: 30m, quiet: true, pages: [{to: wang, reason: closed}]}
        """
        assert differences(bank, story) == []

    def test_an_alert_holds_until_it_is_resolved_or_ends(self, bank: Path) -> None:
        story = """
            name: alerts
            start: 2026-12-10T10:00
            alerts:
              - {at: 0s, labels: {alertname: Slow, team: pay}}
              - {at: 10m, labels: {alertname: Slow, team: pay}, resolved: true}
              - {at: 1h, labels: {alertname: Late, team: pay}, ends: 1h5m}
            expect:
              - {at: 9m, incidents: [{rule: pushed, title: Slow}], pages: [{to: wang, text: Slow}]}
              - {at: 10m, quiet: true, pages: [{to: wang, reason: resolved}]}
              - {at: 1h4m59s, incidents: [{rule: pushed, title: Late}], pages: [{to: wang}]}
              - {at: 1h5m, quiet: true, pages: [{to: wang}]}
        """
        assert differences(bank, story) == []

    def test_an_ack_for_nothing_that_is_open_is_a_difference(self, bank: Path) -> None:
        story = """
            name: too early
            start: 2026-12-10T10:00
            readings: [{at: 0s, login: {}}]
            acks: [{at: 1m, rule: login-down, by: li}]
            expect: [{at: 5m, quiet: true}]
        """
        assert differences(bank, story) == ["ack by li: no incident of login-down as it is named there is open then"]

    def test_our_own_state_is_told_by_its_names(self, bank: Path) -> None:
        story = """
            name: own
            start: 2026-12-10T10:00
            readings: [{at: 0s, own.channels: {channel: sms}, failing: 0.9}]
            expect:
              - at: 1m
                incidents: [{rule: sms-failing, scope: {channel: sms}}]
                pages: [{to: wang, channel: mail}]
        """
        assert differences(bank, story) == []


class TestTheProgramItself:
    def test_a_restart_keeps_what_is_open_and_reads_anew(self, bank: Path) -> None:
        story = """
            name: restart
            start: 2026-12-10T10:00
            readings: [{at: 0s, login: {}, up: false}, {at: 10m, login: {}}]
            restart: [5m, 10m10s]
            expect:
              - {at: 4m, incidents: [{rule: login-down}], pages: [{to: wang}]}
              - {at: 9m, incidents: [{rule: login-down}]}
              - {at: 12m, quiet: true, pages: [{to: wang, reason: resolved}]}
        """
        assert differences(bank, story) == []

    def test_a_channel_that_fails_sends_on_by_the_next(self, bank: Path) -> None:
        story = """
            name: no sms
            start: 2026-12-10T10:00
            reports: [{at: 0s, type: phishing}]
            channels: {sms: fail}
            expect:
              - at: 1m
                incidents: [{rule: phishing}]
                pages: [{to: wang, channel: sms}, {to: wang, channel: mail, reason: next_channel}]
        """
        assert differences(bank, story) == []

    def test_a_week_takes_no_time(self, bank: Path) -> None:
        story = f"""
            name: a week
            {BRANCH}
            readings: [{{at: 0s, atm: {{}}}}, {{at: 6d, atm: {{terminal: A2}}, up: false}}]
            expect: [{{at: 7d, incidents: [{{rule: atm-dark, severity: III}}], pages: any}}]
        """
        [verdict] = run(bank, story)
        assert verdict.differences == []
        assert verdict.seconds < 0.5


class TestDifferences:
    LOGIN = """
        name: login
        start: 2026-12-10T10:00
        readings: [{at: 0s, login: {}, up: false}]
    """

    def expecting(self, bank: Path, *entries: str, more: str = "") -> list[str]:
        lines = "\n".join(f"          - {entry}" for entry in entries)
        return differences(bank, f"{self.LOGIN.rstrip()}\n{more}        expect:\n{lines}")

    def test_quiet_is_quiet(self, bank: Path) -> None:
        assert self.expecting(bank, "{at: 1m, quiet: true, pages: any}") == [
            "unexpected: login-down on login: system II; technical"
        ]

    def test_every_page_must_be_expected(self, bank: Path) -> None:
        [line] = self.expecting(bank, "{at: 1m, incidents: [{rule: login-down}]}")
        assert line.startswith("unexpected: a page to wang by sms, first: 【示例银行】二级 登录中断")

    def test_a_page_that_is_missing_and_one_that_says_something_else_are_told_apart(self, bank: Path) -> None:
        lines = self.expecting(
            bank, "{at: 1m, incidents: [{rule: login-down}], pages: [{to: li}, {to: wang, text: 恢复, reason: worse}]}"
        )
        assert lines[0] == "missing: a page to li"
        assert lines[1] == "page to wang (worse): reason is first, expected worse"
        assert lines[2].startswith("page to wang (worse): '恢复' is not in '【示例银行】")

    def test_what_is_other_than_expected_is_named(self, bank: Path) -> None:
        wanted = (
            "rule: login-down, category: link, severity: I, groups: [logistics], ack: li, title: 缺失, flags: [outage]"
        )
        assert self.expecting(bank, f"{{at: 1m, incidents: [{{{wanted}}}], pages: any}}") == [
            "login-down: category is system, expected link",
            "login-down: severity is II, expected I",
            "login-down: groups is [technical], expected [logistics]",
            "login-down: ack is nobody, expected li",
            "login-down: flags is [], expected [outage]",
            "login-down: title is '登录中断 / Login down', expected '缺失' in it",
        ]

    def test_a_wide_incident_is_not_that_of_a_target_with_the_same_label(self, bank: Path) -> None:
        story = f"""
            name: one of two
            {BRANCH}
            readings: [{{at: 0s, atm: {{}}}}, {{at: 1m, atm: {{terminal: A1}}, up: false}}]
            expect: [{{at: 10m, incidents: [{{rule: atm-dark, scope: {{branch: "0001"}}}}], pages: any}}]
        """
        assert differences(bank, story) == [
            "missing: an incident of atm-dark on branch 0001",
            "unexpected: atm-dark on atm/A1: device IV; technical",
        ]

    def test_until_the_end_no_further_page_goes_out(self, bank: Path) -> None:
        entry = "{at: 1m, incidents: [{rule: login-down}], pages: any}"
        more = "        acks: []\n        end: 30m\n"
        assert self.expecting(bank, entry, more=more) == []
        ends = "        end: 30m\n        reports: [{at: 20m, type: phishing}]\n"
        [line] = self.expecting(bank, entry, more=ends)
        assert line.startswith("unexpected: a page to wang by sms, first: 【示例银行】三级 钓鱼网站")


def test_a_failure_of_the_program_is_one_tests_failure(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr("ebank_sentinel.trial.bench.decide", fails)
    [line] = differences(bank, "name: x\nstart: 2026-12-10T10:00\nexpect: [{at: 1m, quiet: true}]")

    assert line.startswith("the program itself failed, and not the rule: ZeroDivisionError: here (")


class TestReach:
    def reached(self, bank: Path, *lines: str) -> set[str]:
        [verdict] = run(bank, "\n".join(["name: x", "start: 2026-12-10T10:00", *lines]))
        assert verdict.differences == []
        return {str(part) for part in verdict.reached}

    def test_a_rule_is_reached_by_an_incident_that_is_compared(self, bank: Path) -> None:
        readings = "readings: [{at: 0s, login: {}, up: false}, {at: 5m, login: {}}]"
        late = "expect: [{at: 10m, quiet: true, pages: any}]"
        seen = "expect: [{at: 1m, incidents: [{rule: login-down}], pages: any}]"
        assert self.reached(bank, readings, late) == set()
        assert self.reached(bank, readings, seen) == {"login-down"}

    def test_a_row_that_counts_is_reached_when_its_number_is(self, bank: Path) -> None:
        story = (
            "readings: [{at: 0s, login: {}, up: false}, {at: 5m, login: {}}, {at: 1h, login: {}, up: false}]",
            "expect: [{at: 1h1m, incidents: [{rule: login-down, tell: [logistics]}], pages: any}]",
        )
        assert self.reached(bank, *story) == {"login-down", "login-down: worse 1"}

    def test_a_parent_is_reached_by_what_it_explains(self, bank: Path) -> None:
        story = (
            "readings: [{at: 0s, login: {}, up: false}, {at: 1m, rate: {}, fields: {rate: 0.9}, attempts: 300}]",
            "expect: [{at: 10m, incidents: [{rule: login-down}], pages: any}]",
        )
        assert self.reached(bank, *story) == {"login-down", "login-low: unless 1"}

    def test_a_whole_is_reached_with_each_of_its_parts(self, bank: Path) -> None:
        story = (
            "readings: [{at: 0s, login: {}, up: false}, {at: 1m, wrong: {}, value: 1}]",
            "expect: [{at: 2m, incidents: [{rule: everything-down}], pages: any}]",
        )
        assert self.reached(bank, *story) == {
            "everything-down",
            "everything-down: all_of 1",
            "everything-down: all_of 2",
        }
