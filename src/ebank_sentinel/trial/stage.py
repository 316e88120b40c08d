"""The targets and readings of a test as it was written enter; tracks to be played leave, and problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from ebank_sentinel.config import Config
from ebank_sentinel.errors import ConfigError, Problem, RequestError
from ebank_sentinel.model.reading import ProbeError, Reading, Scalar, Target, TargetId
from ebank_sentinel.trial import told
from ebank_sentinel.trial.case import Span, Spoken, Stated, Told, Track
from ebank_sentinel.trial.settings import AlertSettings, CaseSettings, ReadingSettings, ReportSettings
from ebank_sentinel.trial.sources import Source, sources_of
from ebank_sentinel.yamlfile import Document, did_you_mean

Path: TypeAlias = Sequence[str | int]


@dataclass(slots=True)
class _Cast:
    """A target, and what happens to it."""

    target: Target
    listed: bool
    spans: dict[datetime, Span] = field(default_factory=dict)


class Stage:
    """One test, worked out."""

    def __init__(self, document: Document, path: Path, config: Config, settings: CaseSettings, start: datetime) -> None:
        self._document = document
        self._path = path
        self._config = config
        self._settings = settings
        self._start = start
        self._sources = sources_of(config)
        self._cast: dict[str, dict[TargetId, _Cast]] = {}  # by probe
        self.problems: list[Problem] = []
        self.listed: dict[str, dict[TargetId, Target]] = {}
        self.told: tuple[Told, ...] = ()
        self.spoken: tuple[Spoken, ...] = ()
        self.story: tuple[Stated, ...] = ()

    def build(self) -> None:
        """Everything that the test says; what is wrong is in `problems`."""
        settings, start = self._settings, self._start
        for probe, rows in settings.targets.items():
            self._targets(probe, rows)
        story = [Stated(at=start + at, kind="restart", words="the program starts anew") for at in settings.restart]
        for number, _ in enumerate(settings.readings):
            try:
                story.append(self._reading(number))
            except ConfigError as error:
                self.problems += error.problems
        self.listed = {
            self._sources[name].probe: {target: cast.target for target, cast in casts.items() if cast.listed}
            for name, casts in self._cast.items()
            if not self._sources[name].finds_targets
        }
        self.spoken = tuple(
            Spoken(
                at=start + entry.at,
                which=entry,
                by=entry.by,
                note=entry.note,
                ends=key == "ends",
                place=self._document.place([*self._path, key, number]),
            )
            for key, entries in (("acks", settings.acks), ("ends", settings.ends))
            for number, entry in enumerate(entries)
        )
        story += [
            Stated(at=one.at, kind="person", words=f"{one.by} {'ends' if one.ends else 'takes'} {one.which.rule}")
            for one in self.spoken
        ]
        self._told(story)
        self.story = tuple(story)

    def tracks(self) -> tuple[Track, ...]:
        """What happens to each target, by time."""
        found = []
        for probe, casts in self._cast.items():
            stand_in = self._sources[probe].stand_in
            for cast in casts.values():
                spans = tuple(cast.spans[at] for at in sorted(cast.spans))
                found.append(Track(target=cast.target, listed=cast.listed, spans=spans))
            if stand_in is not None and stand_in.id in casts:
                found = [replace(one, listed=True) if one.target.id == stand_in.id else one for one in found]
            elif stand_in is not None:
                found.append(Track(target=stand_in, listed=True, stand_in=True))
        return tuple(found)

    # -- alerts and reports -----------------------------------------------------------------------

    def _told(self, story: list[Stated]) -> None:
        """Through the same doors as in the daemon: what they refuse is a problem."""
        found: list[Told] = []
        entries: list[tuple[int, AlertSettings | ReportSettings]] = [
            *enumerate(self._settings.alerts),
            *enumerate(self._settings.reports),
        ]
        for number, entry in entries:
            kind = "alert" if isinstance(entry, AlertSettings) else "report"
            place = self._document.place([*self._path, f"{kind}s", number])
            try:
                one = told.take(entry, self._start, place, self._config)
            except RequestError as error:
                self._problem([f"{kind}s", number], error.detail)
                continue
            found.append(one)
            story.append(Stated(at=one.at, kind=kind, words=told.words(one.what)))
        self.told = tuple(found)

    # -- targets ----------------------------------------------------------------------------------

    def _targets(self, probe: str, rows: Sequence[Mapping[str, str]]) -> None:
        source = self._source(["targets", probe], probe)
        if source is None:
            return
        casts = self._cast.setdefault(probe, {})
        for number, row in enumerate(rows):
            path: Path = ["targets", probe, number]
            if source.key is not None and not row.get(source.key):
                self._problem(path, f"needs {source.key!r}: it tells the targets of {probe} apart")
                continue
            target = source.target(row)
            if target.id in casts:
                what = f"{source.key} {target.id.key!r}" if source.key is not None else f"{probe} with these labels"
                self._problem(path, f"{what} is there already")
                continue
            casts[target.id] = _Cast(target, listed=not source.finds_targets)

    def _source(self, path: Path, name: str) -> Source | None:
        source = self._sources.get(name)
        if source is None:
            self._problem(path, f"there is no probe {name!r}{did_you_mean(name, self._sources)}", key=True)
        return source

    # -- readings ---------------------------------------------------------------------------------

    def _reading(self, number: int) -> Stated:
        """One entry of `readings`. Raises ConfigError."""
        path: list[str | int] = ["readings", number]
        entry = self._document.validate(ReadingSettings, prefix=[*self._path, *path])
        rest: dict[str, Any] = dict(entry.model_extra or {})
        if entry.no_data is not None and entry.no_data is not True:  # our own state has a field of this name
            rest["no_data"], entry = entry.no_data, entry.model_copy(update={"no_data": None})
        probes = [name for name, value in rest.items() if isinstance(value, dict)]
        at = self._start + entry.at
        if len(probes) != 1:
            which = f"names {' and '.join(probes)}" if probes else "names none: write one as in `atm: {}`"
            raise self._error(path, f"a reading is of one probe, with its targets in braces; this {which}")
        [probe] = probes
        source = self._sources.get(probe)
        if source is None:
            hint = did_you_mean(probe, self._sources) or f": known are {', '.join(self._sources)}"
            raise self._error([*path, probe], f"there is no probe {probe!r}{hint}", key=True)
        selector = rest.pop(probe)
        for name, value in selector.items():
            if not isinstance(value, str):
                raise self._error([*path, probe, name], "a label is text: quote it")
        rest |= entry.fields
        self._check(path, entry, rest, source)
        fields = {name: value for name, value in rest.items() if isinstance(value, str | bool | int | float)}
        casts = self._selected([*path, probe], source, selector)
        for cast in casts:
            cast.spans[at] = Span(at=at, reading=_as_read(cast.target, at, entry, fields))
        return Stated(at=at, kind="reading", words=f"{_names(probe, casts)}: {_words(entry, fields)}")

    def _check(self, path: Path, entry: ReadingSettings, rest: Mapping[str, Any], source: Source) -> None:
        if (entry.no_data or entry.gone) and (rest or entry.up is not None or entry.error or entry.body is not None):
            self._problem(path, "what is not read has no fields: take them away")
        if entry.gone and not source.may_leave:
            self._problem([*path, "gone"], "only a series of a promql probe with `absent: clear` leaves: say no_data")
        if entry.up is True and entry.error is not None:
            self._problem([*path, "error"], "a reading with an error is not up")
        if entry.body is not None and not source.body:
            self._problem([*path, "body"], f"{source.name} keeps no body")
        for name, value in rest.items():
            kind = source.fields.get(name)
            if kind is None:
                hint = did_you_mean(name, source.fields) or f": it has {', '.join(source.fields)}"
                self._problem([*path, name], f"{source.name} has no field {name!r}{hint}", key=True)
            elif not _fits(value, kind):
                self._problem([*path, name], f"{name} is {_KINDS[kind]}, and this is not")

    def _selected(self, path: Path, source: Source, selector: Mapping[str, str]) -> list[_Cast]:
        """The targets that a reading means. Of a probe that finds its targets, a new one when it means none so far."""
        casts = self._cast.setdefault(source.name, {})
        found = [cast for cast in casts.values() if all(cast.target.labels.get(k) == v for k, v in selector.items())]
        if not found and source.single is not None and source.name not in self._settings.targets:
            casts[source.single.id] = _Cast(source.single, listed=True)
            only = casts[source.single.id]
            found = [only] if all(only.target.labels.get(k) == v for k, v in selector.items()) else []
        elif not found and source.name not in self._settings.targets and source.may_name(selector):
            target = source.target(selector)
            found = [casts.setdefault(target.id, _Cast(target, listed=not source.finds_targets))]
        if found:
            return found
        if not casts:
            reason = f"{source.name} has no targets in this test: list them under targets"
        else:
            known = {name for cast in casts.values() for name in cast.target.labels}
            strange = [name for name in selector if name not in known]
            reason = f"no target of {source.name} has {', '.join(f'{k} {v!r}' for k, v in selector.items())}"
            if strange:
                reason += f"; none has a label {strange[0]!r}{did_you_mean(strange[0], known)}"
        raise self._error(path, reason)

    def _problem(self, path: Path, reason: str, *, key: bool = False) -> None:
        self.problems.append(self._document.problem([*self._path, *path], reason, key=key))

    def _error(self, path: Path, reason: str, *, key: bool = False) -> ConfigError:
        return ConfigError([self._document.problem([*self._path, *path], reason, key=key)])


def _as_read(target: Target, at: datetime, entry: ReadingSettings, fields: Mapping[str, Scalar]) -> Reading | None:
    """What the probe sees of a target; None: nothing."""
    if entry.no_data:
        return None
    if entry.gone:
        return Reading(target=target, at=at, up=True, present=False)
    error = ProbeError(entry.error) if entry.error is not None else None
    up = error is None if entry.up is None else entry.up
    return Reading(target=target, at=at, up=up, error=error, fields=fields, body=entry.body)


_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    object: "a scalar",
}


def _fits(value: object, kind: type) -> bool:
    if kind in (int, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | bool | int | float) if kind is object else isinstance(value, kind)


_SHOWN = 4


def _names(probe: str, casts: Sequence[_Cast]) -> str:
    keys = [cast.target.id.key for cast in casts]
    if keys == [casts[0].target.id.probe]:
        return probe
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{probe} {', '.join(keys[:_SHOWN])}{more}"


def _words(entry: ReadingSettings, fields: Mapping[str, Scalar]) -> str:
    if entry.no_data or entry.gone:
        return "no data" if entry.no_data else "left the answer"
    up = entry.error is None if entry.up is None else entry.up
    parts = ["up" if up else f"not up ({entry.error})" if entry.error else "not up"]
    parts += [f"{name} = {value}" for name, value in fields.items()]
    return ", ".join(parts)
