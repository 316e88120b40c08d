"""One run of the demo from the outside: arguments and streams enter, an exit status leaves."""

from __future__ import annotations

import asyncio
import math
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from ebank_sentinel.clock import Clock, SystemClock
from ebank_sentinel.demo.directory import ZONE
from ebank_sentinel.demo.folder import check_empty
from ebank_sentinel.demo.play import Play
from ebank_sentinel.demo.programs import ProgramFailed, Programs
from ebank_sentinel.demo.script import SHORTEST_SECONDS, Timeline, expected_incidents, expected_pages
from ebank_sentinel.demo.sentinel_api import ApiUnavailable
from ebank_sentinel.demo.shows import JsonLines, LiveScreen, PlainLines, Show
from ebank_sentinel.demo.stage import put_up
from ebank_sentinel.errors import ConfigError, UsageError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(
    *,
    seconds: float,
    as_json: bool,
    folder: Path | None,
    programs: Programs,
    out: TextIO,
    err: TextIO,
) -> int:
    """As `run_demo`, with everything that it needs installed."""
    if not math.isfinite(seconds) or seconds < SHORTEST_SECONDS:
        print(f"--seconds {seconds:g} is too short for the story: at least {SHORTEST_SECONDS:g}", file=err)
        return 2
    try:
        if folder is not None:
            check_empty(folder)
    except UsageError as error:
        print(error, file=err)
        return 2
    place = folder if folder is not None else Path(tempfile.mkdtemp(prefix="ebank-sentinel-demo-"))
    keep = folder is not None
    clock = SystemClock()
    begin = clock.monotonic()
    problems: list[str] = []
    stopped_by = 0  # a signal's number
    try:
        with ExitStack() as stack:
            show = _show(stack, out, as_json=as_json)
            with _signals_cancel() as caught:
                try:
                    problems = await perform(place, seconds=seconds, show=show, programs=programs, clock=clock)
                except asyncio.CancelledError:
                    if not caught:
                        raise
                    stopped_by = caught[0]
        if problems:
            keep = True
            print("\n".join(problems), f"the files of this run are in {place}", sep="\n", file=err)
    finally:
        if not keep:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
    if stopped_by:
        print(f"stopped after {clock.monotonic() - begin:.0f} s; {_left_behind(place)}", file=err)
        return 128 + stopped_by  # as a shell says "ended by a signal"
    return 1 if problems else 0


def _show(stack: ExitStack, out: TextIO, *, as_json: bool) -> Show:
    """Where the demo is shown: JSON where it is asked for, a live screen on a terminal, lines anywhere else."""
    if as_json:
        return JsonLines(out)
    return stack.enter_context(LiveScreen(out)) if out.isatty() else PlainLines(out, zone=ZONE)


def _left_behind(place: Path) -> str:
    """What a run that was stopped leaves: its programs have ended, and its folder goes unless somebody named it."""
    return f"the files of this run are in {place}" if place.exists() else "nothing is left behind"


async def perform(place: Path, *, seconds: float, show: Show, programs: Programs, clock: Clock) -> list[str]:
    """Put up the stage in an empty folder and play: returns what does not hold, in lines; nothing when all does."""
    try:
        async with put_up(place, programs=programs, clock=clock, dice=random.SystemRandom()) as stage:
            play = Play(
                stage=stage,
                timeline=Timeline(seconds),
                show=show,
                clock=clock,
                expected=expected_pages(stage.directory),
                incidents=expected_incidents(),
            )
            difference = await play.perform()
            return [
                *difference.lines(),
                *play.undone,
                *(f"the receivers refused {what}" for what in stage.inbox.refused),
            ]
    except (ProgramFailed, ApiUnavailable, ConfigError) as error:
        return str(error).splitlines()
    except OSError as error:
        return [f"the demo cannot be set up: {error}"]


@contextmanager
def _signals_cancel() -> Iterator[list[int]]:
    """SIGINT, SIGTERM and SIGHUP end the running task in order; which came is in the list.

    Only the first counts: an impatient second one would leave behind what the first is just ending.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    caught: list[int] = []

    def cancel(number: int) -> None:
        caught.append(number)
        if task is not None and len(caught) == 1:
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, cancel, number)
    try:
        yield caught
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
