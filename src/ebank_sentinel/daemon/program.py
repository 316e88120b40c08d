"""The daemon: from a path to a running program, and back to silence. One place starts every task."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from ebank_sentinel.clock import Clock
from ebank_sentinel.config import Config
from ebank_sentinel.daemon.assembly import Parts, assemble, policy_of
from ebank_sentinel.daemon.front import Front
from ebank_sentinel.daemon.gauges import gauges
from ebank_sentinel.daemon.own_state import OwnState
from ebank_sentinel.daemon.start import Loaded, keep_as_good, load_and_build, load_or_last_good, open_store
from ebank_sentinel.daemon.tally import Tally, TimedStore
from ebank_sentinel.daemon.watches import measure_lag, pat, watch_files
from ebank_sentinel.errors import ConfigError, SentinelError
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.contact import ABOUT_US
from ebank_sentinel.model.item import Announcement, Heartbeat
from ebank_sentinel.model.page import Delivery, Page
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.paging.dispatcher import Dispatcher
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.probes.engine import Engine
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.wheel import Wheel
from ebank_sentinel.schedule import Calendar
from ebank_sentinel.systemd import Notifier
from ebank_sentinel.web.app import build as build_web
from ebank_sentinel.web.listener import Listener, Room

_log = structlog.get_logger()

DRAIN_PROBES = 1.0
DRAIN_DESK = 1.0
DRAIN_SENDS = 5.0
"""Seconds that a stop waits for what is under way: with the doors' own under the 10 s that an operator waits."""

OLD = "the configuration on disk does not hold, the last good one runs"


class Daemon:
    """One running program."""

    def __init__(
        self, path: Path, *, clock: Clock, metrics: Metrics, notifier: Notifier, credentials: Path | None
    ) -> None:
        self._path = path
        self._clock = clock
        self._metrics = metrics
        self._notifier = notifier
        self._credentials = credentials
        self._stop = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._calendar = Calendar()
        self._network = Network(clock)
        self._node = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._started = False
        self._broken = ""  # what is wrong with the configuration on disk, while an older one runs
        self._tally = Tally(metrics, clock)

    async def run(self, *, listening: Callable[[int], None] = lambda _port: None) -> None:
        """Start, serve until `stop`, drain. Raises SentinelError when it cannot start, or a task of it died."""
        loaded = await asyncio.to_thread(
            load_or_last_good, self._path, self._build, now=self._clock.now(), credentials=self._credentials
        )
        self._store = await asyncio.to_thread(open_store, loaded.config)
        try:
            await self._start(loaded)
            try:
                port = await self._listen()
                listening(port)
                self._notifier.ready(self._status())
                _log.info("ready", **self._facts())
                await self._serve()
            finally:
                self._notifier.stopping()
                await self._drain()
        finally:
            await self._store.close()
        _log.info("stopped")

    def stop(self) -> None:
        """Ask it to drain and end."""
        self._stop.set()

    def reload_soon(self) -> None:
        """As a signal asks for it: what is wrong goes to the log and to the technical group."""
        if self._started:  # before that, the files are being read anyway
            self._in_background(self._reload_and_tell())

    @property
    def busy(self) -> bool:
        """Something is being probed, decided or sent."""
        return self._engine.busy or self._flow.desk.busy or self._dispatcher.busy

    # -- start ------------------------------------------------------------------------------------

    def _build(self, config: Config) -> Parts:
        return assemble(
            config,
            clock=self._clock,
            network=self._network,
            open_targets=lambda probe: self._flow.open_targets(probe),  # noqa: PLW0108 - the flow comes later
            last_beat=self._last_beat,
        )

    def _last_beat(self, target: TargetId) -> datetime | None:
        return self._flow.desk.ledger.heartbeats.get(target)

    async def _start(self, loaded: Loaded) -> None:
        """Join the parts, take over what the store holds, then start every task."""
        self._config, self._parts = loaded.config, loaded.parts
        self._token, self._broken = loaded.token, loaded.broken
        self._flow = Flow(
            policy_of(loaded.config),
            store=TimedStore(self._store, self._tally, self._clock),
            send=self._send,
            clock=self._clock,
            metrics=self._metrics,
            node=self._node,
        )
        self._dispatcher = Dispatcher(self._parts.channels, clock=self._clock, on_delivery=self._on_delivery)
        self._engine = Engine(
            self._parts.probers,
            clock=self._clock,
            on_result=self._flow.on_readings,
            on_failure=self._tally.failed,
            on_skip=self._tally.skipped,
        )
        self._wheel = Wheel(self._clock, self._engine.start, self._tally.started)
        self._own_state = OwnState(
            self._flow,
            self._tally,
            self._clock,
            kinds=lambda: {name: channel.kind for name, channel in self._config.channels.items()},
            store_folder=loaded.config.store.parent,
        )
        room = Room()
        front = Front(
            config=lambda: self._config,
            flow=self._flow,
            store=self._store,
            stopping=self._stop.is_set,
            notice=lambda: OLD if self._broken else "",
            reload=self.reload,
        )
        self._listener = Listener(
            build_web(
                front,
                clock=self._clock,
                registry=self._metrics.registry,
                token=lambda: self._token,
                hosts=front.hosts,
                room=room,
            ),
            room,
        )
        await self._flow.desk.start()
        self._adopt(loaded.config)
        self._metrics.gauges(self._gauges)
        self._mark_loaded()
        self._start_tasks()
        self._started = True
        if self._broken:
            self._announce(self._broken)
        else:
            await asyncio.to_thread(keep_as_good, loaded.config, self._clock.now())

    def _start_tasks(self) -> None:
        """Each ends only by being cancelled; one that ends by itself ends the process."""
        for name, work in (
            ("desk", self._flow.desk.run()),
            ("dispatcher", self._dispatcher.run()),
            ("wheel", self._wheel.run()),
            ("silence", self._flow.watch_silence()),
            ("own state", self._own_state.run()),
            ("files", watch_files(self._clock, lambda: self._config, self._reloading, self._adopt)),
            ("lag", measure_lag(self._clock, self._metrics.loop_lag.observe)),
        ):
            self._tasks[asyncio.create_task(work, name=name)] = name
        if self._notifier.watchdog is not None:
            watchdog = pat(self._clock, self._notifier.watchdog / 3, self._flow.desk.progresses, self._notifier.alive)
            self._tasks[asyncio.create_task(watchdog, name="watchdog")] = "watchdog"
        self._calendar.start()
        self._plan_boundary()

    async def _listen(self) -> int:
        host, _, port = self._config.settings.listen.rpartition(":")
        return await self._listener.start(host.strip("[]"), int(port))

    # -- running ----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Until somebody asks for the end, or a task dies: then the process must not live on as a zombie."""
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        done: set[asyncio.Task[Any]]
        try:
            done, _ = await asyncio.wait([stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        for task in (task for task in self._tasks if task in done):
            error = None if task.cancelled() else task.exception()
            _log.critical("a task died, so the process ends", task=task.get_name(), exc_info=error)
            why = error if isinstance(error, SentinelError) else repr(error)
            raise SentinelError(f"the task {task.get_name()!r} died: {why}")

    def _send(self, pages: Iterable[Page]) -> None:
        sent = list(pages)
        self._tally.goes_out(sent)
        self._dispatcher.submit(sent)

    def _on_delivery(self, delivery: Delivery) -> None:
        self._tally.delivered(delivery)
        self._flow.on_delivery(delivery)

    def _plan_boundary(self) -> None:
        """Wake when the next named time begins or ends."""
        moment = self._config.times.next_boundary(self._clock.now())
        if moment is not None:
            self._calendar.at("named times", moment, self._at_boundary)

    def _at_boundary(self) -> None:
        self._flow.on_boundary()
        self._plan_boundary()

    # -- reload -----------------------------------------------------------------------------------

    async def reload(self) -> None:
        """All of the configuration on disk, or nothing of it. Raises ConfigError."""
        async with self._reloading:
            self._notifier.reloading()
            try:
                loaded = await asyncio.to_thread(
                    load_and_build, self._path, self._build, now=self._clock.now(), credentials=self._credentials
                )
                self._refuse_moves(loaded.config)
                self._change_over(loaded)
                await asyncio.to_thread(keep_as_good, loaded.config, self._clock.now())
            except ConfigError as error:
                self._broken = str(error)
                self._metrics.reload_ok.set(0)
                _log.error("the configuration does not hold: nothing changed", problems=str(error).splitlines())
                raise
            finally:
                self._notifier.ready(self._status())
            _log.info("reloaded", **self._facts())

    def _change_over(self, loaded: Loaded) -> None:
        """From here on the new one runs; what the old parts still do ends by itself."""
        old, self._parts = self._parts, loaded.parts
        self._token = loaded.token
        self._broken = ""
        self._adopt(loaded.config)
        self._plan_boundary()
        self._mark_loaded()
        self._in_background(self._engine.replace(loaded.parts.probers))
        self._in_background(self._retire_channels(old))

    async def _retire_channels(self, old: Parts) -> None:
        """Close them once nothing is being sent over them."""
        await self._dispatcher.replace(self._parts.channels)
        for channel in old.channels.values():
            await channel.close()

    def _refuse_moves(self, config: Config) -> None:
        """The store and the address do not change by reload."""
        for key in ("store", "listen"):
            now, then = getattr(self._config.settings, key), getattr(config.settings, key)
            if now != then:
                raise config.problem([key], f"does not change by reload (it is {now}): restart, or put it back")

    async def _reload_and_tell(self) -> None:
        try:
            await self.reload()
        except ConfigError as error:
            self._announce(str(error))

    def _announce(self, problems: str) -> None:
        """Tell the technical group that the files on disk do not hold."""
        first, *rest = problems.splitlines()
        detail = f"{first} (+{len(rest)})" if rest else first
        self._flow.desk.put(
            Announcement(request=secrets.token_hex(8), group=ABOUT_US, detail=detail, at=self._clock.now())
        )

    def _adopt(self, config: Config) -> None:
        """Let the flow and the wheel go by this configuration."""
        gone = {name: probe.every for name, probe in self._config.probes.items() if name not in config.probes}
        self._config = config
        self._flow.adopt(policy_of(config))
        self._tally.watch({name: probe.every for name, probe in config.probes.items()})
        for probe, every in gone.items():
            self._wheel.replace(probe, (), every)
        for probe, settings in config.probes.items():
            self._wheel.replace(probe, config.targets[probe], settings.every)
            if settings.kind == "heartbeat":
                self._arm(config.targets[probe])

    def _arm(self, targets: Iterable[Target]) -> None:
        """A job that was never heard counts from now on."""
        now = self._clock.now()
        for target in targets:
            if target.id not in self._flow.desk.ledger.heartbeats:
                self._flow.desk.put(Heartbeat(request=f"armed {target.id}", target=target.id, at=now))

    def _mark_loaded(self) -> None:
        self._metrics.reload_ok.set(0 if self._broken else 1)
        if not self._broken:
            self._metrics.reload_at.set(self._clock.now().timestamp())

    # -- stop -------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Start nothing, finish what is under way, keep the rest in the store."""
        self._stop.set()
        self._calendar.stop()
        for task, name in self._tasks.items():
            if name not in ("desk", "dispatcher"):
                task.cancel()
        desk = self._flow.desk
        await _at_most(self._engine.drain(), DRAIN_PROBES)
        await _at_most(desk.settle(), DRAIN_DESK)
        await self._dispatcher.stop(grace=DRAIN_SENDS)
        await _at_most(desk.settle(), DRAIN_DESK)
        for task in (*self._tasks, *self._background):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._background, return_exceptions=True)
        await self._listener.stop()
        await self._engine.close()
        for channel in self._parts.channels.values():
            await channel.close()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("something that ran beside the rest failed", exc_info=error)

    # -- facts ------------------------------------------------------------------------------------

    def _gauges(self) -> Any:
        unknown = len(self._flow.evaluator.rule_unknown())
        return gauges(self._config, self._flow.desk.ledger, unknown, self._clock.now())

    def _status(self) -> str:
        facts = self._facts()
        status = f"{facts['targets']} targets, {facts['rules']} rules, {facts['open_incidents']} open incidents"
        return f"{status}; {OLD}" if self._broken else status

    def _facts(self) -> dict[str, Any]:
        return {
            "targets": sum(map(len, self._config.targets.values())),
            "rules": len(self._config.book.rules),
            "dormant": len(self._config.book.dormant),
            "open_incidents": len(self._flow.desk.ledger.incidents),
            "listen": self._config.settings.listen,
        }


async def _at_most(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Wait for a part of the drain, but not for ever."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        _log.warning("the drain did not wait any longer for a part of it", seconds=seconds)
