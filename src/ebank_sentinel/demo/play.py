"""The play: a stage and a timeline enter; the bank breaks and recovers, and what came of it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ebank_sentinel.clock import Clock
from ebank_sentinel.demo.directory import ZONE
from ebank_sentinel.demo.people import Deed, NotYet
from ebank_sentinel.demo.receivers import Received
from ebank_sentinel.demo.script import TROUBLES, Event, ExpectedIncident, ExpectedPage, Timeline
from ebank_sentinel.demo.sentinel_api import ApiUnavailable, IncidentRow, PageRow, SymptomRow, ask_all
from ebank_sentinel.demo.shows import Show
from ebank_sentinel.demo.stage import Stage
from ebank_sentinel.demo.verdict import Difference, compare, compare_incidents, figures
from ebank_sentinel.demo.view import BankView, View, in_order

_FRAME_SECONDS = 0.25


@dataclass(slots=True)
class Play:
    """One performance."""

    stage: Stage
    timeline: Timeline
    show: Show
    clock: Clock
    expected: tuple[ExpectedPage, ...]
    incidents: tuple[ExpectedIncident, ...]
    late_seconds: float = 10.0  # a page still missing at the end is waited for: a busy machine is late, not wrong
    received: list[Received] = field(default_factory=list)
    happened: dict[str, datetime] = field(default_factory=dict)  # event name -> when
    _pages: Sequence[PageRow] = ()
    _incidents: dict[str, IncidentRow] = field(default_factory=dict)  # all that were ever listed
    _symptoms: Sequence[SymptomRow] = ()
    _notice: str = ""
    _said: str = ""  # what a person did last, and what came of it
    undone: dict[str, str] = field(default_factory=dict)  # what a person wanted to do, by event -> why it failed
    _to_do: dict[str, Deed] = field(default_factory=dict)

    async def perform(self) -> Difference:
        """From the first event to the verdict. Raises ProgramFailed when the daemon ends by itself."""
        since = self.clock.now()
        begin = self.clock.monotonic()
        before = -1.0
        elapsed = 0.0
        while not self._over(before):  # what happened until then was played
            for event in self.timeline.between(before, elapsed):
                await self._happen(event)
            self.stage.daemon.check()
            await self._look(since)
            await self._people()
            self.show.update(self._view(elapsed))
            await self.clock.sleep(_FRAME_SECONDS)
            before, elapsed = elapsed, self.clock.monotonic() - begin
        await self._look(since)
        self._take(self.stage.inbox.give_up())
        self.show.update(self._view(elapsed))
        difference = self._difference()
        counted = figures(
            received=self.received,
            difference=difference,
            expected=len(self.expected),
            incidents=len(self.incidents),
            troubles=TROUBLES,
            happened=self.happened,
        )
        self.show.end(counted, self.stage.directory)
        return difference

    async def _happen(self, event: Event) -> None:
        """The script does something to the bank, or one of its people does something."""
        self.happened[event.name] = self.clock.now()
        event.act(self.stage.bank)
        await self.stage.lines.follow()
        if event.deed is not None:
            self._to_do[event.name] = event.deed

    async def _people(self) -> None:
        """What people want to do, as soon as there is what they mean."""
        for name, deed in [*self._to_do.items()]:
            try:
                self._said = await deed.ask(self.stage.api, self._incidents.values(), self.stage.directory)
            except NotYet as error:
                self.undone[name] = str(error)
                continue
            except ApiUnavailable as error:
                self._said = self.undone[name] = str(error)
            else:
                self.undone.pop(name, None)
            del self._to_do[name]

    async def _look(self, since: datetime) -> None:
        """Ask the daemon what it sees, and tell what arrived meanwhile."""
        try:
            self._pages, incidents, self._symptoms = await ask_all(self.stage.api, since=since)
        except ApiUnavailable as error:
            self._notice = str(error)
            return
        self._notice = ""
        self._incidents.update((row.id, row) for row in incidents)
        self._take(self.stage.inbox.settle(self._pages, self._incidents))

    def _take(self, pages: Sequence[Received]) -> None:
        """Pages that receivers got."""
        for page in pages:
            self.received.append(page)
            self.show.page(page)

    def _over(self, elapsed: float) -> bool:
        """Whether the story has been told, and nothing is waited for."""
        late = elapsed - self.timeline.seconds
        return late >= self.late_seconds or (late >= 0 and not self._missing())

    def _missing(self) -> bool:
        """Whether a page has still to come, or an incident to end."""
        difference = self._difference()
        return bool(difference.missing or difference.incidents_missing) or self.stage.inbox.waiting > 0

    def _difference(self) -> Difference:
        """What came and is, against what should."""
        return compare_incidents(compare(self.expected, self.received), self.incidents, self._incidents)

    def _view(self, elapsed: float) -> View:
        """The frame of this moment."""
        bank = self.stage.bank
        caption, next_caption, next_in = self.timeline.captions(elapsed)
        return View(
            now=self.clock.now().astimezone(ZONE),
            elapsed=elapsed,
            seconds=self.timeline.seconds,
            marks=self.timeline.marks,
            caption=caption,
            said=self._said,
            next_caption=next_caption,
            next_in=next_in,
            bank=BankView(
                terminals=bank.terminals,
                dead=bank.dead,
                success=bank.success,
                on_battery=bank.on_battery,
                switch_answers=bank.switch_answers,
            ),
            symptoms=tuple(self._symptoms),
            incidents=in_order(self._incidents),
            pages=tuple(replace(page, at=page.at.astimezone(ZONE)) for page in self.received),
            directory=self.stage.directory,
            with_prometheus=self.stage.with_prometheus,
            expected=len(self.expected),
            notice=self._notice,
        )
