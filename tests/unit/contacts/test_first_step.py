"""Whom the first step of a chain leads to, and why they."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ebank_sentinel.contacts import Roster
from ebank_sentinel.model.contact import Via
from ebank_sentinel.model.severity import Severity
from support.contact_files import NOW, PEOPLE, SEVERITIES, SHANGHAI, load, roster, write

ROTA = "rotas: {r: {layers: [{people: [wang, li], from: 2026-11-02T09:00, every: 1w}]}}"
TWO_LAYERS = (
    "rotas: {r: {layers: [{people: [wang], from: 2026-11-02T09:00, every: 1w},"
    " {people: [li], from: 2026-11-02T09:00, every: 1w}]}}"
)


def escalation(page: str) -> str:
    return f"escalations: {{default: {{steps: [{{page: {page}}}]}}}}"


def whom(roster: Roster, group: str = "tech", at: datetime = NOW, **labels: str) -> list[str]:
    step = roster.first_step(group, labels, at)
    return [] if step is None else [person.id for person in step.people]


def why(roster: Roster, group: str = "tech", at: datetime = NOW, **labels: str) -> str:
    step = roster.first_step(group, labels, at)
    return "" if step is None else step.why


def away(person: str, days: str) -> str:
    return PEOPLE.replace(f"{person}: {{", f"{person}: {{away: [{days}], ")


class TestTheWordsOfAStep:
    GROUP = "groups: {tech: {leader: zhao, deputies: [li], members: [wang, li], rota: r}}"

    @pytest.mark.parametrize(
        ("page", "people", "reason"),
        [
            ("on_call", ["li"], "on call in tech (rota r, until Mon 09:00)"),
            ("next", ["wang"], "next in tech (rota r, until Mon 09:00)"),
            ("leader", ["zhao"], "leader of tech"),
            ("deputies", ["li"], "deputy leader of tech"),
            ("members", ["wang", "li"], "member of tech"),
            ("zhao", ["zhao"], "named in the escalation of tech"),
            (
                "[on_call, leader, deputies]",
                ["li", "zhao"],
                "on call in tech (rota r, until Mon 09:00); leader of tech; deputy leader of tech",
            ),
        ],
    )
    def test_each_leads_to_its_people(self, page: str, people: list[str], reason: str, tmp_path: Path) -> None:
        # 2026-11-24 is in the fourth week of the rota: li's.
        asked = roster(tmp_path, self.GROUP, ROTA, escalation(page))
        assert whom(asked) == people
        assert why(asked) == reason

    def test_the_superior_is_that_of_who_is_on_call(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, self.GROUP, ROTA, escalation("superior"))
        assert whom(asked, at=NOW + timedelta(days=7)) == ["zhao"]
        assert why(asked, at=NOW + timedelta(days=7)) == "superior of Wang"

    def test_with_a_second_layer_next_is_the_second_layer(self, tmp_path: Path) -> None:
        assert whom(roster(tmp_path, self.GROUP, TWO_LAYERS, escalation("[on_call, next]"))) == ["wang", "li"]

    def test_without_a_rota_all_members_are_on_call(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, "groups: {tech: {members: [wang, li]}}")
        assert whom(asked) == ["wang", "li"]
        assert why(asked) == "member of tech, where all members are on call"

    def test_a_group_in_a_step_leads_to_its_own_first_step(self, tmp_path: Path) -> None:
        groups = "groups: {tech: {members: [wang], escalation: desk}, duty: {leader: li, escalation: head}}"
        chains = "escalations: {desk: {steps: [{page: duty}]}, head: {steps: [{page: leader, via: [hook]}]}}"
        step = roster(tmp_path, groups, chains).first_step("tech", {}, NOW)
        assert step is not None
        assert [person.id for person in step.people] == ["li"]
        assert step.group == "tech"
        assert step.via == (Via(channels=("hook",)),)

    def test_a_step_says_its_own_channels_or_leaves_them_to_the_severity(self, tmp_path: Path) -> None:
        chains = (
            "escalations: {default: {steps: [{page: on_call}]},"
            " loud: {steps: [{page: on_call, via: [hook, {first_of: [sms, mail]}]}]}}"
        )
        asked = roster(tmp_path, "groups: {tech: {members: [wang]}, core: {members: [li], escalation: loud}}", chains)
        plain, loud = asked.first_step("tech", {}, NOW), asked.first_step("core", {}, NOW)
        assert plain is not None
        assert loud is not None
        assert plain.via is None
        assert loud.via == (Via(channels=("hook",)), Via(channels=("sms", "mail")))

    def test_the_banks_language_is_spoken_and_titles_are_used(self, tmp_path: Path) -> None:
        asked = roster(
            tmp_path, "groups: {tech: {title: {zh-CN: 技术组}, members: [wang], rota: r}}", ROTA, language="zh-CN"
        )
        assert why(asked) == "技术组当班(轮值r, 至周一 09:00)"
        assert asked.group_title("tech", "en") == "技术组"
        assert asked.group_title("unknown", "en") == "unknown"


class TestAway:
    GROUP = "groups: {tech: {leader: zhao, members: [wang, li], rota: r}}"

    def test_who_is_on_call_and_away_is_stood_in_for_by_the_next_in_order(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, self.GROUP, ROTA, people=away("li", "2026-11-24/2026-11-25"))
        assert whom(asked) == ["wang"]
        assert why(asked) == "on call in tech for Li, who is away (rota r, until Mon 09:00)"
        assert whom(asked, at=datetime(2026, 11, 26, tzinfo=SHANGHAI)) == ["li"]
        assert whom(asked, at=datetime(2026, 11, 23, 23, 59, tzinfo=SHANGHAI)) == ["li"]

    def test_next_is_not_whoever_stands_in(self, tmp_path: Path) -> None:
        both = roster(tmp_path, self.GROUP, ROTA, escalation("[on_call, next]"), people=away("li", "2026-11-24"))
        assert whom(both) == ["wang"]

    def test_members_who_are_away_are_left_out(self, tmp_path: Path) -> None:
        assert whom(roster(tmp_path, "groups: {tech: {members: [wang, li]}}", people=away("wang", "2026-11-24"))) == [
            "li"
        ]

    def test_when_all_of_a_rota_are_away_the_leader_is_paged_and_why_says_so(self, tmp_path: Path) -> None:
        people = away("li", "2026-11-24").replace("wang: {", "wang: {away: [2026-11-24], ")
        asked = roster(tmp_path, self.GROUP, ROTA, people=people)
        assert whom(asked) == ["zhao"]
        assert why(asked) == "nobody whom the first step of tech means is there; leader of tech"

    def test_when_everybody_is_away_everybody_is_paged_rather_than_nobody(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, "groups: {tech: {members: [wang]}}", people=away("wang", "2026-11-24"))
        assert whom(asked) == ["wang"]
        assert why(asked) == "everybody in tech is away, and somebody must know"


class TestGaps:
    LATER = "rotas: {r: {layers: [{people: [wang], from: 2026-12-01T09:00, every: 1w}]}}"

    @pytest.mark.parametrize(
        ("group", "people", "role"),
        [
            ("leader: zhao, deputies: [li], members: [wang]", ["zhao"], "leader of tech"),
            ("deputies: [li], members: [wang]", ["li"], "deputy leader of tech"),
            ("members: [wang, li]", ["wang", "li"], "member of tech"),
            ("escalation: default", ["wang"], "member of tech"),
        ],
    )
    def test_a_gap_falls_to_leader_deputies_members_and_the_rotas_people(
        self, group: str, people: list[str], role: str, tmp_path: Path
    ) -> None:
        asked = roster(tmp_path, f"groups: {{tech: {{rota: r, {group}}}}}", self.LATER, escalation("on_call"))
        assert whom(asked) == people
        assert why(asked) == f"nobody is on call in tech (rota r); {role}"


class TestLabels:
    GROUPS = """
groups:
  vendor: {use: "vendor-{vendor}", else: desk}
  vendor-grg: {members: [wang]}
  branch: {members: ["{contact}"], else: desk}
  lonely: {members: ["{contact}"]}
  nowhere: {use: "vendor-{vendor}"}
  desk: {members: [li]}
"""

    def test_a_label_leads_to_its_group(self, tmp_path: Path) -> None:
        step = roster(tmp_path, self.GROUPS).first_step("vendor", {"vendor": "grg"}, NOW)
        assert step is not None
        assert (step.group, [person.id for person in step.people]) == ("vendor-grg", ["wang"])

    @pytest.mark.parametrize("labels", [{"vendor": "ncr"}, {"vendor": ""}, {}])
    def test_a_label_that_leads_nowhere_goes_to_else(self, labels: dict[str, str], tmp_path: Path) -> None:
        step = roster(tmp_path, self.GROUPS).first_step("vendor", labels, NOW)
        assert step is not None
        assert (step.group, [person.id for person in step.people]) == ("desk", ["li"])

    def test_a_member_can_be_whom_a_label_names(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, self.GROUPS)
        assert whom(asked, "branch", contact="wang") == ["wang"]
        assert whom(asked, "branch", contact="nobody.known") == ["li"]
        assert why(asked, "branch") == "nobody to be found in branch; member of desk, where all members are on call"

    def test_a_group_that_truly_has_nobody_leads_to_none(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, self.GROUPS)
        assert asked.first_step("lonely", {}, NOW) is None
        assert asked.first_step("nowhere", {}, NOW) is None
        assert asked.first_step("no-such-group", {}, NOW) is None

    def test_check_is_told_which_labels_lead_nowhere(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, self.GROUPS)
        targets = [{"vendor": "grg"}, {"vendor": "ncr"}, {"vendor": "ncr"}, {"branch": "1"}]
        assert asked.label_leads("vendor", targets) == [
            "1 target has no vendor: desk is paged instead",
            '2 targets have vendor ncr, and there is no group "vendor-ncr": desk is paged instead',
        ]
        assert asked.label_leads("nowhere", [{"vendor": "x"}]) == [
            '1 target has vendor x, and there is no group "vendor-x": nobody is paged; give the group an `else`'
        ]
        assert asked.label_leads("branch", [{"contact": "wang"}, {"contact": "wnag"}]) == [
            '1 target has contact wnag, and there is no person "wnag": desk is paged instead'
        ]
        assert asked.label_leads("desk", targets) == []


class TestLookups:
    def test_a_severity_says_channels_wait_groups_and_time(self, tmp_path: Path) -> None:
        asked = load(write(tmp_path, PEOPLE, SEVERITIES, "groups: {tech: {members: [wang]}}"))
        policy = asked.severity(Severity.IV)
        assert policy.via == (Via(channels=("mail",)),)
        assert policy.wait == timedelta(minutes=30)
        assert policy.during == "business"
        assert asked.severity(Severity.III).via == (Via(channels=("sms", "mail")),)

    def test_people_have_the_banks_language_unless_they_say_their_own(self, tmp_path: Path) -> None:
        people = PEOPLE.replace("li: {", "li: {language: zh-CN, ")
        asked = roster(tmp_path, "groups: {tech: {members: [wang]}}", people=people)
        wang, li = asked.person("wang"), asked.person("li")
        assert wang is not None
        assert li is not None
        assert (wang.language, li.language) == ("en", "zh-CN")
        assert wang.addresses == {"sms": "+8613800000001", "email": "wang@bank.example"}
        assert asked.person("nobody") is None

    def test_groups_are_known_by_name(self, tmp_path: Path) -> None:
        asked = roster(tmp_path, "groups: {tech: {members: [wang]}, desk: {members: [li]}}")
        assert asked.groups == ("tech", "desk")
        assert asked.group_exists("desk")
        assert not asked.group_exists("wang")
