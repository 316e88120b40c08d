"""An incident as `explain` prints it: the daemon's answer enters; what it is and every decision about it are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from ebank_sentinel.cli.layout import COLOURS, head, labelled, line, local, pairs


class ShownIncident:
    """An incident, and the reason of everything that was decided about it."""

    def __init__(self, answer: Mapping[str, Any], zone: ZoneInfo) -> None:
        self._answer = answer
        self._zone = zone

    def show(self) -> None:
        """What it is, what it is made of, what was decided, who was told."""
        one = self._answer
        colour = COLOURS[one["severity"]]
        state = one["state"] if one["ended_as"] is None else f"{one['state']} ({one['ended_as']})"
        into = f", part of #{one['into_code']}" if one["into_code"] else ""
        line(
            0,
            f"[{colour}]{one['severity']}[/] [bold]{escape(one['title'])}[/] {escape(one['number'])}  #{one['code']}  "
            f"{state}{into}  [dim]{one['id']}[/]",
        )
        ended = f" to {self._at(one['ended_at'])}" if one["ended_at"] else ""
        again = f", came back {one['reopened']} times" if one["reopened"] else ""
        line(2, f"{escape(one['where'])}, since {self._at(one['since'])}{ended}{again}")
        taken = one["ack"]
        line(2, "nobody has taken it" if taken is None else f"taken by {taken['name']} {self._at(taken['at'])}")
        if one["ends"]:
            line(2, escape(one["ends"]))
        self._show_rows()
        self._show_parts()
        self._show_history()
        self._show_pages()

    def _show_rows(self) -> None:
        one = self._answer
        head(f"what applies, of the rule {escape(one['rule'])}")
        if not one["rows"]:
            line(2, "the rule is gone: the incident keeps what it had")
        for row in one["rows"]:
            labelled(row["row"], f"{escape(row['says'])}  [dim]{escape(row['why'])}[/]")
        if one["scope_now"] is not None:
            labelled("scope", escape(one["scope_now"]["why"]))

    def _show_parts(self) -> None:
        one = self._answer
        symptoms, count = one["symptoms"], one["symptom_count"]
        if symptoms:
            head(f"symptoms {count}" + (f", the first {len(symptoms)}" if len(symptoms) < count else ""))
        for symptom in symptoms:
            known = "" if symptom["known"] else ", no data"
            under = f", under {symptom['under']}" if symptom["under"] else ""
            words = f"{symptom['rule']} on {symptom['target']}: {symptom['state']}{known}{under}"
            line(2, f"{self._at(symptom['onset'])}  {escape(words)}")
        if one["taken_over"]:
            head(f"took over {len(one['taken_over'])}")
        for taken in one["taken_over"]:
            where = (
                f"{taken['target']['probe']}/{taken['target']['key']}" if not taken["over"] else pairs(taken["scope"])
            )
            words = f"#{taken['code']} {taken['rule']} {where or taken['over']}, as {taken['ended_as'] or 'open'}"
            line(2, f"{self._at(taken['opened_at'])}  {escape(words)}")

    def _show_history(self) -> None:
        head("every decision")
        silent = {event["reason"] for event in self._answer["not_paged"]}
        for events in _together(self._answer["events"]):
            event = events[0]
            colour = "magenta" if event["reason"] in silent else "cyan"
            line(2, f"{self._at(event['at'])}  [{colour}]{event['reason']:<13}[/] {escape(event['means'])}", hang=30)
            for detail, count in Counter(event["detail"] for event in events).items():
                again = f" ({count} times)" if count > 1 else ""
                line(32, f"[dim]{escape(detail)}{again}[/]")

    def _show_pages(self) -> None:
        pages = self._answer["pages"]
        head("pages" if pages else "no page was made")
        for page in pages:
            tries = "" if page["attempts"] <= 1 else f" after {page['attempts']} attempts"
            unsaved = ", unsaved" if page["unsaved"] else ""
            words = f"{page['recipient']} by {page['channel']}: {page['state']}{tries}{unsaved} ({page['step']})"
            line(2, f"{self._at(page['created_at'])}  [cyan]{page['reason']:<13}[/] {escape(words)}", hang=30)
        if self._answer["not_paged"]:
            head("not paged, or nothing opened")
        for events in _together(self._answer["not_paged"]):
            event = events[0]
            details = "; ".join(dict.fromkeys(event["detail"] for event in events))
            line(2, f"{self._at(event['at'])}  [magenta]{event['reason']:<13}[/] {escape(details)}", hang=30)

    def _at(self, moment: str) -> str:
        return local(moment, self._zone)


def _together(events: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """What was decided at once for one reason."""
    for _, run in groupby(events, key=lambda event: (event["at"][:19], event["reason"])):
        yield list(run)
