"""The daemon: from a path to a running program, and back to silence. One place starts every task."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from aiohttp import web as aiohttp_web

from ebank_sentinel.clock import Clock
from ebank_sentinel.config import Config, LastGood, find_store, load, reread_targets
from ebank_sentinel.daemon.assembly import Parts, assemble, policy_of
from ebank_sentinel.daemon.gauges import gauges
from ebank_sentinel.errors import ConfigError, RequestError, SentinelError
from ebank_sentinel.incidents.draft import Answer
from ebank_sentinel.incidents.facts import number
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.model.incident import Incident
from ebank_sentinel.model.item import Announcement, Asked, Heartbeat
from ebank_sentinel.model.ledger import Ledger
from ebank_sentinel.model.page import Delivery, Page
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.paging.dispatcher import Dispatcher
from ebank_sentinel.pipeline import Flow
from ebank_sentinel.probes.engine import Engine
from ebank_sentinel.probes.kind import ProbeFailure
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.targets import TargetFile
from ebank_sentinel.probes.wheel import Wheel
from ebank_sentinel.schedule import Calendar
from ebank_sentinel.state.history import History
from ebank_sentinel.state.sqlite import SqliteStore
from ebank_sentinel.systemd import Notifier
from ebank_sentinel.web.app import build as build_web

_Result = TypeVar("_Result")
_log = structlog.get_logger()

DRAIN_PROBES = 2.0
DRAIN_DESK = 1.0
DRAIN_SENDS = 5.0
"""Seconds that a stop waits for what is under way: together under the 10 s that an operator waits."""

LOOK_AT_FILES = 5.0
"""Seconds between two looks at the CSV files of targets."""

LAG_EVERY = 0.25
"""Seconds between two measurements of the event loop's lag."""

ABOUT_US = "technical"
"""The group that is told when the program itself is in trouble."""


class Daemon:
    """One running program. `web.Program` is what its doors see of it."""

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
        self._broken = ""  # what is wrong with the configuration on disk, while the last good one runs

    async def run(self, *, listening: Callable[[int], None] = lambda _port: None) -> None:
        """Start, serve until `stop`, drain. Raises SentinelError when it cannot start, or a task of it died."""
        self._config = await asyncio.to_thread(self._load_or_last_good)
        self._store = await asyncio.to_thread(SqliteStore.open, self._config.store)
        try:
            await self._start()
            runner = await self._listen()
        except BaseException:
            await self._store.close()
            raise
        try:
            listening(runner.addresses[0][1])
            self._notifier.ready(self._status())
            _log.info("ready", **self._facts())
            await self._serve()
        finally:
            self._notifier.stopping()
            await self._drain()
            await runner.cleanup()
            await self._store.close()
            _log.info("stopped")

    def stop(self) -> None:
        """Ask it to drain and end."""
        self._stop.set()

    def reload_soon(self) -> None:
        """As a signal asks for it: what is wrong goes to the log and to the technical group."""
        self._in_background(self._reload_and_tell())

    @property
    def busy(self) -> bool:
        """Something is being probed, decided or sent."""
        return self._engine.busy or self._flow.desk.busy or self._dispatcher.busy

    # -- start ------------------------------------------------------------------------------------

    def _load_or_last_good(self) -> Config:
        try:
            config = load(self._path, now=self._clock.now(), credentials=self._credentials)
        except ConfigError as error:
            saved = LastGood(find_store(self._path)).find()
            if saved is None:
                raise
            copy, home = saved
            config = load(copy, now=self._clock.now(), home=home, credentials=self._credentials)
            self._broken = str(error)
            _log.error("the configuration does not hold: the last good one runs", problems=self._broken.splitlines())
        self._mark_loaded()
        return config

    async def _start(self) -> None:
        config = self._config
        self._flow = Flow(
            policy_of(config),
            store=self._store,
            send=self._send,
            clock=self._clock,
            metrics=self._metrics,
            node=self._node,
        )
        parts = self._assemble(config)
        self._dispatcher = Dispatcher(parts.channels, clock=self._clock, on_delivery=self._on_delivery)
        self._engine = Engine(
            parts.probers,
            clock=self._clock,
            on_result=self._flow.on_readings,
            on_failure=self._on_probe_failure,
            on_skip=lambda _: self._metrics.probes_skipped.inc(),
        )
        self._wheel = Wheel(self._clock, self._engine.start, lambda _, late: self._metrics.probe_lateness.observe(late))
        self._parts = parts
        await self._flow.desk.start()
        self._adopt(config)
        self._metrics.gauges(self._gauges)
        for name, work in (
            ("desk", self._flow.desk.run()),
            ("dispatcher", self._dispatcher.run()),
            ("wheel", self._wheel.run()),
            ("silence", self._flow.watch_silence()),
            ("files", self._watch_files()),
            ("lag", self._measure_lag()),
        ):
            self._tasks[asyncio.create_task(work, name=name)] = name
        if self._notifier.watchdog is not None:
            self._tasks[asyncio.create_task(self._pat(self._notifier.watchdog / 3), name="watchdog")] = "watchdog"
        self._calendar.start()
        self._plan_boundary()
        if self._broken:
            self._in_background(self._announce(self._broken))
        else:
            self._save_good(config)

    def _assemble(self, config: Config) -> Parts:
        return assemble(
            config,
            clock=self._clock,
            network=self._network,
            open_targets=self._flow.open_targets,
            last_beat=self._last_beat,
        )

    def _last_beat(self, target: TargetId) -> datetime | None:
        return self.ledger.heartbeats.get(target)

    async def _listen(self) -> aiohttp_web.AppRunner:
        host, _, port = self._config.settings.listen.rpartition(":")
        app = build_web(self, clock=self._clock, registry=self._metrics.registry, token=self._token, hosts=self._hosts)
        runner = aiohttp_web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await aiohttp_web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            await runner.cleanup()
            raise SentinelError(f"cannot listen on {self._config.settings.listen}: {error.strerror}") from None
        return runner

    # -- running ----------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Until somebody asks for the end, or a task dies: then the process must not live on as a zombie."""
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        done: set[asyncio.Task[Any]]
        done, _ = await asyncio.wait([stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        for task in (task for task in self._tasks if task in done):
            _log.critical("a task died", task=self._tasks[task], exc_info=task.exception())
            raise SentinelError(f"the task {self._tasks[task]!r} died: {task.exception()!r}")

    def _send(self, pages: Iterable[Page]) -> None:
        self._dispatcher.submit(pages)

    def _on_delivery(self, delivery: Delivery) -> None:
        page = self._flow.desk.ledger.pages.get(delivery.page)
        channel = page.channel if page is not None else ""
        self._metrics.sends.labels(channel, delivery.outcome.value).inc()
        self._flow.on_delivery(delivery)

    def _on_probe_failure(self, _target: Target, failure: ProbeFailure) -> None:
        self._metrics.probe_failures.labels(failure.probe, failure.error.value).inc()
        _log.warning("a probe failed", probe=failure.probe, error=failure.error.value, detail=failure.detail)

    async def _watch_files(self) -> None:
        """The CSV files of targets and topology are read anew when they change; a broken one changes nothing."""
        files = {path: TargetFile(path) for path in self._config.tables}
        while True:
            await self._clock.sleep(LOOK_AT_FILES)
            files = {path: files.get(path) or TargetFile(path) for path in self._config.tables}
            changed = [path for path, file in files.items() if file.changed()]  # each is asked: it remembers
            if not changed:
                continue
            async with self._reloading:
                try:
                    config = await asyncio.to_thread(reread_targets, self._config)
                except ConfigError as error:
                    _log.error("the targets on disk do not hold: the old ones stay", problems=str(error).splitlines())
                else:
                    self._adopt(config)
                    _log.info("targets read anew", targets=sum(map(len, config.targets.values())))

    async def _measure_lag(self) -> None:
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(LAG_EVERY)
            self._metrics.loop_lag.observe(max(0.0, self._clock.monotonic() - before - LAG_EVERY))

    async def _pat(self, every: float) -> None:
        """The watchdog is patted from the desk's progress, not from a bare timer."""
        while True:
            await self._clock.sleep(every)
            if self._flow.desk.progresses():
                self._notifier.alive()

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
                config = await asyncio.to_thread(load, self._path, now=self._clock.now(), credentials=self._credentials)
                self._refuse_moves(config)
                parts = self._assemble(config)
            except ConfigError as error:
                self._metrics.reload_ok.set(0)
                _log.error("the configuration does not hold: nothing changed", problems=str(error).splitlines())
                raise
            finally:
                self._notifier.ready(self._status())
            old, self._parts = self._parts, parts
            self._adopt(config)
            self._plan_boundary()
            self._broken = ""
            self._mark_loaded()
            self._save_good(config)
            await self._engine.replace(parts.probers)
            await self._dispatcher.replace(parts.channels)
            for channel in old.channels.values():
                await channel.close()
            _log.info("reloaded", **self._facts())

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
            await self._announce(str(error))

    async def _announce(self, problems: str) -> None:
        """Tell the technical group that the files on disk do not hold."""
        first, *rest = problems.splitlines()
        detail = f"{first} (+{len(rest)})" if rest else first
        item = Announcement(request=secrets.token_hex(8), group=ABOUT_US, detail=detail, at=self._clock.now())
        try:
            await self._flow.desk.ask(item)
        except RequestError as error:
            _log.error("nobody could be told", error=str(error))

    def _adopt(self, config: Config) -> None:
        """Let the flow and the wheel go by this configuration."""
        gone = self._config.probes.keys() - config.probes.keys()
        self._config = config
        self._flow.adopt(policy_of(config))
        now = self._clock.now()
        for probe in gone:
            self._wheel.replace(probe, (), config.probes[next(iter(config.probes))].every)
        for probe, settings in config.probes.items():
            self._wheel.replace(probe, config.targets[probe], settings.every)
            if settings.kind == "heartbeat":
                self._arm(config.targets[probe], now)

    def _arm(self, targets: Iterable[Target], now: datetime) -> None:
        """A job that was never heard counts from now on."""
        for target in targets:
            if target.id not in self._flow.desk.ledger.heartbeats:
                self._flow.desk.put(Heartbeat(request=f"armed {target.id}", target=target.id, at=now))

    def _mark_loaded(self) -> None:
        self._metrics.reload_ok.set(0 if self._broken else 1)
        if not self._broken:
            self._metrics.reload_at.set(self._clock.now().timestamp())

    def _save_good(self, config: Config) -> None:
        try:
            LastGood(config.store).save(config)
        except OSError as error:
            _log.error("the good configuration could not be kept beside the store", error=str(error))

    # -- stop -------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Start nothing, finish what is under way, keep the rest in the store."""
        self._stop.set()
        self._calendar.stop()
        by_name = {name: task for task, name in self._tasks.items()}
        for name in ("wheel", "silence", "files", "lag", "watchdog"):
            if name in by_name:
                by_name[name].cancel()
        await _at_most(self._engine.drain(), DRAIN_PROBES)
        await _at_most(self._flow.desk.settle(), DRAIN_DESK)
        await self._dispatcher.stop(grace=DRAIN_SENDS)
        await _at_most(self._flow.desk.settle(), DRAIN_DESK)
        for task in (*self._tasks, *self._background):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._background, return_exceptions=True)
        await self._engine.close()
        await self._network.close()
        for channel in self._parts.channels.values():
            await channel.close()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # -- what the doors see -----------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """What is open."""
        return self._flow.desk.ledger

    @property
    def language(self) -> str:
        """The bank's."""
        return self._config.settings.bank.language

    def not_ready(self) -> str | None:
        """Why requests should go elsewhere."""
        if self._stop.is_set():
            return "it is stopping"
        return "the store refuses writes" if self._flow.desk.refusing else None

    def takes_heartbeats(self, target: TargetId) -> bool:
        """Whether a heartbeat probe listens for this."""
        probe = self._config.probes.get(target.probe)
        listed = any(known.id == target for known in self._config.targets.get(target.probe, ()))
        return probe is not None and probe.kind == "heartbeat" and listed

    def number_of(self, incident: Incident) -> str:
        """The figure of an open incident, as of its last reading."""
        rule = self._config.book.rules.get(incident.rule)
        symptom = self.ledger.symptoms.get(incident.symptom)
        return "" if rule is None or symptom is None else number(self._flow.world(), rule, symptom, self.language)

    def group_title(self, group: str) -> str:
        """A group's name."""
        return self._config.roster.group_title(group, self.language)

    async def ask(self, item: Asked) -> Answer:
        """Through the desk. Raises RequestError."""
        if self._stop.is_set():
            raise RequestError(503, "Stopping", "the program is stopping: try again in a moment")
        return await self._flow.desk.ask(item)

    async def read(self, query: Callable[[History], _Result]) -> _Result:
        """From the store."""
        return await self._store.read(query)

    def _token(self) -> str | None:
        api = self._config.settings.api
        return None if api is None else self._config.secret(api.token)

    def _hosts(self) -> frozenset[str]:
        external = self._config.settings.external_url.partition("://")[2]
        return frozenset({"localhost", external.partition("/")[0].rpartition(":")[0] or external.partition("/")[0]})

    def _gauges(self) -> Any:
        unknown = len(self._flow.evaluator.rule_unknown())
        return gauges(self._config, self.ledger, unknown, self._clock.now())

    def _status(self) -> str:
        facts = self._facts()
        return f"{facts['targets']} targets, {facts['rules']} rules, {facts['open_incidents']} open incidents"

    def _facts(self) -> dict[str, Any]:
        return {
            "targets": sum(map(len, self._config.targets.values())),
            "rules": len(self._config.book.rules),
            "dormant": len(self._config.book.dormant),
            "open_incidents": len(self.ledger.incidents),
            "listen": self._config.settings.listen,
        }


async def _at_most(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Wait for a part of the drain, but not for ever."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        _log.warning("the drain did not wait any longer for a part of it", seconds=seconds)
