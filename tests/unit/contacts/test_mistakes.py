"""What the contacts' files may not say: every mistake at its place, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.contacts.addresses import mail_address, phone_number
from support.contact_files import SEVERITIES, UNUSED, complaints, load, notices

GROUP = "groups: {tech: {members: [wang]}}"


def person(row: str) -> str:
    return f"people: {{wang: {{name: Wang, {row}}}}}"


WRONG = {
    "no-country": (person('sms: "13800000001"'), "a.yaml:1:34: people.wang.sms: this number has no country"),
    "unquoted-number": (person("sms: +8613800000001"), "a.yaml:1:34: people.wang.sms: quote it: unquoted,"),
    "spaces": (person('sms: "+86 138 0000"'), "a.yaml:1:34: people.wang.sms: this is not a phone number"),
    "no-mail": (person("email: wang"), "a.yaml:1:36: people.wang.email: this is not a mail address"),
    "two-mails": (
        person('email: "a@b.example, c@d.example"'),
        "people.wang.email: these are two mail addresses in one",
    ),
    "bcc": (person('email: "a@b.example\\r\\nBcc: c"'), "people.wang.email: this mail address holds a line break"),
    "no-name": ("people: {wang: {sms: '+8613800000001'}}", 'a.yaml:1:16: people.wang: needs "name"'),
    "unknown-superior": (person("superior: wnag2"), 'a.yaml:1:39: people.wang.superior: there is no person "wnag2"'),
    "own-superior": (person("superior: wang"), "people.wang.superior: nobody is their own superior"),
    "away-without-date": (person("away: [mon]"), "people.wang.away[0]: write the days somebody is away as in"),
    "away-30-february": (person("away: [2026-02-30]"), "'2026-02-30' is not a date: February 2026 has 28 days"),
    "typo": (person("emial: x"), 'a.yaml:1:29: people.wang.emial: unknown key: did you mean "email"?'),
    "step-word": ("people: {leader: {name: X}}", "a.yaml:1:10: people.leader: leader is a word of the steps"),
}


@pytest.mark.parametrize(("people", "complaint"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_person_is_told(people: str, complaint: str, tmp_path: Path) -> None:
    assert any(complaint in line for line in complaints(tmp_path, people=people))


WRONG_GROUPS = {
    "unknown-member": (
        "groups: {tech: {members: [wnag]}}",
        'c.yaml:1:27: groups.tech.members[0]: there is no person "wnag": did you mean "wang"?',
    ),
    "unknown-leader": ("groups: {tech: {leader: x9}}", 'groups.tech.leader: there is no person "x9": list it under'),
    "unknown-deputy": (
        "groups: {tech: {deputies: [lii]}}",
        'groups.tech.deputies[0]: there is no person "lii": did',
    ),
    "unknown-rota": ("groups: {tech: {rota: r}}", 'groups.tech.rota: there is no rota "r": list it under rotas'),
    "unknown-escalation": (
        "groups: {tech: {members: [wang], escalation: e}}",
        'groups.tech.escalation: there is no escalation "e"',
    ),
    "unknown-else": (
        'groups: {v: {use: "v-{x}", else: dsk}, v-a: {members: [li]}}',
        'groups.v.else: there is no group "dsk"',
    ),
    "nobody": ("groups: {tech: {title: T}}", "groups.tech: the group has nobody: give it members"),
    "use-and-members": (
        "groups: {tech: {use: x, members: [li]}}",
        "groups.tech: a group with `use` only names another",
    ),
    "use-without-a-match": (
        'groups: {v: {use: "vendor-{vendor}"}}',
        'groups.v.use: no group has a name like "vendor-{vendor}"',
    ),
    "use-of-nothing": ("groups: {v: {use: desk}}", 'groups.v.use: there is no group "desk"'),
    "broken-placeholder": (
        'groups: {v: {use: "vendor-{vendor"}}',
        "groups.v.use: 'vendor-{vendor' does not name a label",
    ),
    "not-yet": ("groups: {tech: {members: [wang], decides: true}}", "groups.tech.decides: not yet"),
    "contract": ("groups: {tech: {members: [wang], contract: grg}}", "groups.tech.contract: not yet"),
    "person-and-group": ("groups: {wang: {members: [li]}}", "groups.wang: wang is a person as well (a.yaml:3)"),
    "word-as-group": ("groups: {next: {members: [li]}}", "groups.next: next is a word of the steps"),
    "loop-of-else": (
        'groups: {a: {use: "x-{l}", else: b}, b: {use: "x-{l}", else: a}, x-1: {members: [li]}}',
        "groups.a: the group leads back to itself: a -> b -> a",
    ),
    "loop-of-use": ('groups: {a: {use: "{group}"}}', "groups.a: the group leads back to itself: a -> a"),
    "loop-of-steps": (
        (
            "groups: {a: {members: [li], escalation: e}, b: {members: [li], escalation: f}}\n"
            "escalations: {e: {steps: [{page: b}]}, f: {steps: [{page: li}, {page: a}]}}"
        ),
        "c.yaml:1:10: groups.a: the group leads back to itself: a -> b -> a",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG_GROUPS.values(), ids=WRONG_GROUPS.keys())
def test_a_wrong_group_is_told(text: str, complaint: str, tmp_path: Path) -> None:
    assert any(complaint in line for line in complaints(tmp_path, text))


WRONG_POLICIES = {
    "no-step": ("escalations: {e: {steps: []}}", "escalations.e.steps: must not be empty"),
    "no-steps": ("escalations: {e: {}}", 'escalations.e: needs "steps"'),
    "step-without-target": ("escalations: {e: {steps: [{via: [sms]}]}}", 'escalations.e.steps[0]: needs "page"'),
    "step-with-empty-target": (
        "escalations: {e: {steps: [{page: []}]}}",
        "escalations.e.steps[0].page: must not be empty",
    ),
    "step-to-nobody": (
        "escalations: {e: {steps: [{page: [on_call, oncall]}]}}",
        'escalations.e.steps[0].page[1]: "oncall" is no word of a step, no group and no person: did you mean',
    ),
    "step-with-unknown-channel": (
        "escalations: {e: {steps: [{page: next, via: [smss]}]}}",
        'escalations.e.steps[0].via[0]: there is no channel "smss": did you mean "sms"?',
    ),
    "repeat": ("escalations: {e: {steps: [{page: next}], repeat: 3}}", "escalations.e.repeat: not yet"),
    "until": ("escalations: {e: {steps: [{page: next}], until: decision}}", "escalations.e.until: not yet"),
    "contracts": ("contracts: {grg: {answer: 15m}}", "contracts: not yet"),
    "layer-with-nobody": (
        "rotas: {r: {layers: [{people: [], from: 2026-11-23T09:00, every: 1w}]}}",
        "rotas.r.layers[0].people: must not be empty",
    ),
    "no-layer": ("rotas: {r: {layers: []}}", "rotas.r.layers: must not be empty"),
    "unknown-person-in-layer": (
        "rotas: {r: {layers: [{people: [wagn], from: 2026-11-23T09:00, every: 1w}]}}",
        'rotas.r.layers[0].people[0]: there is no person "wagn": did you mean "wang"?',
    ),
    "turn-of-minutes": (
        "rotas: {r: {layers: [{people: [li], from: 2026-11-23T09:00, every: 90m}]}}",
        "rotas.r.layers[0].every: '90m' is not a turn: write whole days, weeks or hours",
    ),
    "turn-without-unit": (
        "rotas: {r: {layers: [{people: [li], from: 2026-11-23T09:00, every: 7}]}}",
        "rotas.r.layers[0].every: a turn needs a unit",
    ),
    "from-without-hour": (
        "rotas: {r: {layers: [{people: [li], from: 2026-11-23, every: 1w}]}}",
        "rotas.r.layers[0].from: '2026-11-23' has no hour: write it as in 2026-11-23T09:00",
    ),
    "from-in-25th-hour": (
        "rotas: {r: {layers: [{people: [li], from: 2026-11-23T25:00, every: 1w}]}}",
        "rotas.r.layers[0].from: '25:00' is not a time of day",
    ),
    "unknown-time": (
        "rotas: {r: {layers: [{people: [li], from: 2026-11-23T09:00, every: 1w, during: nigth}]}}",
        'rotas.r.layers[0].during: there is no named time "nigth": did you mean "night"?',
    ),
    "override-backwards": (
        (
            "rotas: {r: {layers: [{people: [li], from: 2026-11-23T09:00, every: 1w}],"
            " overrides: [{person: li, from: 2026-12-02T09:00, to: 2026-12-01T09:00}]}}"
        ),
        "rotas.r.overrides[0]: the override ends before it begins",
    ),
    "overrides-overlap": (
        (
            "rotas: {r: {layers: [{people: [li], from: 2026-11-23T09:00, every: 1w}],"
            " overrides: [{person: li, from: 2026-12-01T09:00, to: 2026-12-03T09:00},"
            " {person: wang, from: 2026-12-02T09:00, to: 2026-12-04T09:00}]}}"
        ),
        "rotas.r.overrides[1]: this override overlaps the one of li from 2026-12-01T09:00",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG_POLICIES.values(), ids=WRONG_POLICIES.keys())
def test_a_wrong_chain_or_rota_is_told(text: str, complaint: str, tmp_path: Path) -> None:
    assert any(complaint in line for line in complaints(tmp_path, GROUP, text))


WRONG_SEVERITIES = {
    "missing-level": (SEVERITIES.replace("  II:", "  #"), 'b.yaml:2:1: severities: needs "II"'),
    "unknown-level": (SEVERITIES + "  V: {via: [sms], wait: 1h}\n", "severities.V: unknown key"),
    "unknown-channel": (
        SEVERITIES.replace("[mail]", "[maill]"),
        'severities.IV.via[0]: there is no channel "maill": did',
    ),
    "unknown-channel-in-order": (
        SEVERITIES.replace("[sms, mail]}", "[sms, voice9]}"),
        'severities.III.via[0].first_of[1]: there is no channel "voice9"',
    ),
    "unknown-group": (
        SEVERITIES.replace("wait: 3m", "wait: 3m, groups: [x]"),
        'severities.I.groups[0]: there is no group "x"',
    ),
    "unknown-time": (
        SEVERITIES.replace("business", "busines"),
        'severities.IV.during: there is no named time "busines": did',
    ),
    "no-channel": (SEVERITIES.replace("[mail]", "[]"), "severities.IV.via: must not be empty"),
    "wait-without-unit": (SEVERITIES.replace("30m", "30"), "severities.IV.wait: 30 is not a duration"),
    "repeat": (SEVERITIES.replace("30m", "30m, repeat: 3"), "severities.IV.repeat: not yet"),
    "none": (GROUP, "one of the files must have the severities I, II, III and IV"),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG_SEVERITIES.values(), ids=WRONG_SEVERITIES.keys())
def test_wrong_severities_are_told(text: str, complaint: str, tmp_path: Path) -> None:
    assert any(complaint in line for line in complaints(tmp_path, severities=text))


class TestSeveralFiles:
    def test_a_name_that_two_files_give_is_told_with_both_places(self, tmp_path: Path) -> None:
        assert complaints(tmp_path, "people: {li: {name: Li}}\n", GROUP, SEVERITIES) == [
            "c.yaml:1:10: people.li: li is given twice: first in a.yaml:4",
            "e.yaml:2:1: severities: severities is given twice: first in b.yaml:2",
        ]

    def test_problems_of_all_files_come_at_once_and_a_broken_file_breaks_no_references(self, tmp_path: Path) -> None:
        broken = "groups: {desk: {members: [li], ruta: x}}"
        other = "groups: {tech: {members: [wang, nobody9]}, v: {use: desk}}\nescalations: {e: {steps: [{page: desk}]}}"
        assert complaints(tmp_path, broken, other) == [
            'c.yaml:1:32: groups.desk.ruta: unknown key: did you mean "rota"?',
            'd.yaml:1:33: groups.tech.members[1]: there is no person "nobody9": list it under people',
        ]

    def test_while_a_file_cannot_be_read_nothing_is_said_of_names_that_it_may_give(self, tmp_path: Path) -> None:
        assert complaints(tmp_path, GROUP, people="people: {wang: {name: [}}\n") == [
            (
                "a.yaml:1:24: people.wang.name[0]: braces or brackets break the text here: "
                "quote it, or write the row in block form"
            )
        ]

    def test_a_folder_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="no such file"):
            load(tmp_path / "none")


class TestPeopleFromCsv:
    YAML = "people: {csv: people.csv}"

    def said(self, folder: Path, table: str | bytes, yaml: str = YAML) -> list[str]:
        content = table.encode() if isinstance(table, str) else table
        (folder / "people.csv").write_bytes(content)
        return complaints(folder, GROUP, people=yaml)

    def test_people_come_with_all_columns(self, tmp_path: Path) -> None:
        table = (
            "\ufeffid,name,language,sms,voice,email,superior,away\r\n"
            "wang,王芳,zh-CN,+8613800000001,,wang@bank.example,li,2026-12-20/2026-12-27 2027-01-04\r\n"
            "\r\n"
            'li,"Li, Lei",,,,,,\r\n'
        )
        assert self.said(tmp_path, table) == []
        roster = load(tmp_path)
        wang, li = roster.person("wang"), roster.person("li")
        assert wang is not None
        assert li is not None
        assert (wang.name, wang.language, wang.superior) == ("王芳", "zh-CN", "li")
        assert wang.addresses == {"sms": "+8613800000001", "email": "wang@bank.example"}
        assert (li.name, li.language) == ("Li, Lei", "en")

    def test_every_wrong_row_is_told_by_line(self, tmp_path: Path) -> None:
        table = "id,name,sms,superior\nwang,W,,nobody9\nw x,X,,\nwang,Y,,\nli,L,138,\nzhao,Z\nma,,,\n"
        assert self.said(tmp_path, table) == [
            (
                "people.csv:3:1: id: 'w x' is not a name: "
                "up to 64 letters, digits, `_`, `.` and `-`, a letter or digit first"
            ),
            "people.csv:4:1: wang: this id stands twice: first in line 2",
            "people.csv:5:1: li.sms: this number has no country: write it as in +8613800000001",
            "people.csv:6:1: zhao: the row has 2 cells, the first line 4",
            'people.csv:7:1: ma: needs "name"',
        ]

    def test_a_cell_that_is_too_long_is_told_by_the_line_where_it_begins(self, tmp_path: Path) -> None:
        swallowed = "wang.fang,王芳\n" * 100
        table = f'id,name\nli,"Li\n{swallowed}"\nma,{"m" * 1001}\nzhao,Z\nzhao,Z\n'
        assert self.said(tmp_path, table) == [
            "people.csv:2:1: li.name: this cell holds over 1000 characters: is a quote not closed?",
            "people.csv:104:1: ma.name: this cell holds over 1000 characters: is a quote not closed?",
            "people.csv:106:1: zhao: this id stands twice: first in line 105",
        ]

    def test_a_superior_whom_nobody_knows_is_told_by_line(self, tmp_path: Path) -> None:
        assert self.said(tmp_path, "id,name,superior\nwang,W,nobody9\n") == [
            'people.csv:2:1: wang.superior: there is no person "nobody9": list it under people'
        ]

    @pytest.mark.parametrize(
        ("table", "complaint"),
        [
            ("", "people.csv: the file is empty"),
            ("id,name,mail\n", 'people.csv:1:1: mail: unknown column: did you mean "email"?'),
            ("name\nW\n", 'people.csv:1:1: needs a column "id"'),
            ("id,name,name\n", "people.csv:1:1: name: this column stands twice"),
            ('id,name\nwang,"W\n', "people.csv:2:1: this is not CSV"),
            (b"id,name\nwang,\xcd\xf5\n", "people.csv:2:6: the byte 0xCD is not UTF-8 (the file may be GBK"),
        ],
    )
    def test_a_table_that_is_none_is_told(self, table: str | bytes, complaint: str, tmp_path: Path) -> None:
        assert any(complaint in line for line in self.said(tmp_path, table))

    @pytest.mark.parametrize("path", ["../people.csv", "/etc/people.csv", "lists/people.csv", "people.txt"])
    def test_a_table_outside_the_folder_is_refused(self, path: str, tmp_path: Path) -> None:
        assert self.said(tmp_path, "", f"people: {{csv: {path}}}") == [
            "a.yaml:1:15: people.csv: the file must lie beside this one: write its bare name, as in people.csv"
        ]

    def test_a_table_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        assert self.said(tmp_path, "", "people: {csv: peple.csv}") == ["peple.csv: there is no such file"]


class TestAddresses:
    @given(st.text(max_size=40))
    def test_any_text_is_a_number_or_a_sentence(self, text: str) -> None:
        try:
            number = phone_number(text)
        except ValueError as error:
            number = str(error)
        assert number == text or ":" in number

    @given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
    def test_a_mail_address_never_holds_what_could_add_a_header_or_a_recipient(self, text: str) -> None:
        try:
            address = mail_address(f"{text}@bank.example")
        except ValueError:
            return
        assert not set(address) & set('\r\n,;<>" \t\x85\u2028')
        assert address.count("@") == 1


def test_the_contacts_that_ship_hold_and_have_no_gap() -> None:
    roster, said = notices(Path(__file__).parents[3] / "contacts", language="zh-CN")
    assert said == (
        "escalation default: steps 2 to 3 are not carried out in this version",
        "escalation command: step 2 is not carried out in this version",
        UNUSED,
    )
    shipped = {"command", "technical", "infosec", "site_security", "business", "customer_service", "logistics"}
    assert shipped | {"compliance", "external", "vendor", "atm_desk", "duty_room"} <= set(roster.groups)
