"""A target as `explain` prints it: the daemon's answer enters; each rule with its truths, holds and counts is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from ebank_sentinel.cli.layout import LABEL, age, labelled, line, local, pairs
from ebank_sentinel.cli.terminal import OUT

_TRUTHS = {True: "[bold yellow]true[/]   ", False: "[dim]false[/]  ", None: "[magenta]unknown[/]"}
_STANDS = {
    "firing": "[bold red]fires[/]",
    "pending": "[yellow]pending[/]",
    "clearing": "[green]clearing[/]",
    "unknown": "[magenta]unknown[/]",
    "quiet": "[dim]quiet[/]",
}
_ORDER = tuple(_STANDS)


class ShownTarget:
    """A target, and what each rule makes of it."""

    def __init__(self, answer: Mapping[str, Any], zone: ZoneInfo) -> None:
        self._answer = answer
        self._zone = zone

    def show(self) -> None:
        """What fails first."""
        one = self._answer
        watched = "" if one["watched"] else "  [red]no longer watched[/]"
        at = local(one["at"], self._zone)
        line(0, f"[bold]{escape(one['probe'])}/{escape(one['key'])}[/]{watched}  [dim]as of {at}[/]")
        if one["labels"]:
            line(2, f"[dim]{escape(pairs(one['labels']))}[/]")
        self._show_reading()
        if not one["rules"]:
            line(2, "no rule watches it")
        for rule in sorted(one["rules"], key=lambda rule: _ORDER.index(_stands(rule))):
            self._show_rule(rule)

    def _show_reading(self) -> None:
        reading, every = self._answer["reading"], self._answer["every"]
        if reading is None:
            told = "it is told to us, and not read" if every is None else f"not read since the start (every {every})"
            line(2, told if every is None else f"[magenta]{told}[/]")
            return
        state = "[green]up[/]" if reading["up"] else "[red]down[/]"
        if not reading["present"]:
            state = "left the answer of its query"
        old = "" if reading["fresh"] else "  [magenta]too old: there is no data[/]"
        line(2, f"read {age(reading['age_s'])} ago, every {every}: {state}{old}")
        if reading["error"]:
            line(4, f"[red]{reading['error']}[/]: {escape(reading['detail'])}")
        if reading["fields"]:
            line(4, escape(pairs(reading["fields"])))

    def _show_rule(self, rule: Mapping[str, Any]) -> None:
        stands = _stands(rule)
        OUT.print()
        line(0, f"{_STANDS[stands]}  [bold]{escape(rule['rule'])}[/]  {escape(rule['title'])}")
        line(2, escape(rule["why"]))
        if stands != "quiet":
            line(2, f"[dim]{escape(rule['says'])}; for {rule['for']}, clear after {rule['clear_after']}[/]")
        if rule["where"] is not None and rule["where"]["truth"] is not True:
            _term(2, "where", rule["where"])
        if rule["when"] is not None:
            _term(2, "when", rule["when"])
        else:
            labelled("when", escape(rule["condition"]))
        if rule["count"] is not None:
            count = rule["count"]
            labelled("count", f"{count['times']} of {count['needed']} times within {count['within']}")
        if stands != "quiet":
            self._show_rows(rule)
        self._show_widths(rule, quiet=stands == "quiet")
        if rule["reopen"] is not None:
            labelled("reopens", escape(rule["reopen"]["why"]))

    def _show_rows(self, rule: Mapping[str, Any]) -> None:
        for row in rule["worse"]:
            mark = "[bold yellow]applies[/]  " if row["applies"] else ""
            labelled(f"worse {row['row']}", f"{mark}{escape(row['says'])}: {escape(row['why'])}")
            if row["when"] is not None:
                _term(2 + LABEL, "", row["when"])
        for parent in rule["unless"]:
            labelled("unless", f"{_there(parent, parent['rule'])}: {escape(parent['why'])}")
        for cause in rule["because"]:
            mark = "[bold yellow]applies[/]  " if cause["applies"] else ""
            labelled(f"because {cause['row']}", f"{mark}{_there(cause, cause['seen'])}: {escape(cause['why'])}")
        for whole in rule["parts_of"]:
            labelled("part of", f"{escape(whole['rule'])}: {escape(whole['why'])}")

    def _show_widths(self, rule: Mapping[str, Any], *, quiet: bool) -> None:
        for row in rule["widens"]:
            counted = row.get("failing", 0) or row.get("no_data", 0)
            if quiet and not counted:
                continue
            scope = f"{row['over']} {row['value']}".strip() if row["value"] is not None else row["over"]
            incident = row.get("incident")
            open_there = f"; [bold]#{incident['code']} is open here[/]" if incident else ""
            mark = "[bold yellow]holds[/]  " if row["holds"] else ""
            labelled(f"widens {row['row']}", f"{mark}{escape(scope)}: {escape(row['why'])}{open_there}")
            if row["value"] is not None:
                line(2 + LABEL, f"[dim]{escape(_figures(row))}[/]", hang=0)
            if row.get("waits_until"):
                labelled("", f"the rest of the scope is waited for until {local(row['waits_until'], self._zone)}")


def _term(indent: int, name: str, term: Mapping[str, Any]) -> None:
    """A condition and its parts, each with its answer."""
    why = term["reason"] or pairs(term["values"])
    label = f"[cyan]{name:<{LABEL}}[/]" if name else ""
    line(
        indent,
        f"{label}{_TRUTHS[term['truth']]} {escape(term['text'])}" + (f"  [dim]({escape(why)})[/]" if why else ""),
    )
    for part in term["parts"]:
        _term(indent + (LABEL + 2 if name else 2), "", part)


def _stands(rule: Mapping[str, Any]) -> str:
    """One word for where a rule stands on a target."""
    if rule["symptom"] is not None:
        return str(rule["symptom"]["state"])
    return "unknown" if rule["counts"] is None or (rule["counts"] and rule["holds"] is None) else "quiet"


def _there(row: Mapping[str, Any], rule: str) -> str:
    """Another rule, and where it was looked for."""
    same = pairs(row["same"]) if row["same"] else "anywhere"
    on = f", {row['state']} on {row['target']}" if row["state"] else ""
    return escape(f"{rule} ({same}{on})")


def _figures(row: Mapping[str, Any]) -> str:
    """All counts of a scope."""
    words = f"{row['asks']}; {row['says']}; now {row['share']:.0%}, of {row['total']} targets"
    others = {"no_data": "without data", "explained": "explained by a parent", "not_counted": "not counted"}
    return ", ".join((words, *(f"{row[name]} {meaning}" for name, meaning in others.items() if row[name])))
