"""A configuration enters; the parts that it describes leave, or a ConfigError that says what cannot be built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ebank_sentinel.clock import Clock
from ebank_sentinel.config import Config
from ebank_sentinel.daemon.own_state import own_targets
from ebank_sentinel.errors import ConfigError, Problem
from ebank_sentinel.incidents.world import Bank, ChannelFacts
from ebank_sentinel.model.reading import Target, TargetId
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.registry import build as build_channel
from ebank_sentinel.pipeline import Policy
from ebank_sentinel.probes.kind import Prober
from ebank_sentinel.probes.network import Network
from ebank_sentinel.probes.settings import build_prober
from ebank_sentinel.rules.watchable import OWN_EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a configuration describes, built and not yet started."""

    probers: Mapping[str, Prober]
    channels: Mapping[str, Channel]


def assemble(
    config: Config,
    *,
    clock: Clock,
    network: Network,
    open_targets: Callable[[str], Iterable[Target]],
    last_beat: Callable[[TargetId], datetime | None],
) -> Parts:
    """Build every prober and channel. Raises ConfigError with all that cannot be built."""
    problems: list[Problem] = []
    probers: dict[str, Prober] = {}
    for name, probe in config.probes.items():
        try:
            probers[name] = build_prober(
                name,
                probe,
                clock=clock,
                network=network,
                folder=config.home,
                credentials=config.credentials,
                open_targets=open_targets,
                last_beat=last_beat,
            )
        except ValueError as error:
            problems += config.problem(["probes", name, probe.kind], str(error)).problems
    channels: dict[str, Channel] = {}
    for name, channel in config.channels.items():
        try:
            channels[name] = build_channel(
                name, channel.kind, channel.settings, read=config.secret, folder=config.home, clock=clock
            )
        except ValueError as error:
            problems += config.problem(["channels", name, channel.kind], str(error)).problems
    if problems:
        raise ConfigError(problems)
    return Parts(probers=probers, channels=channels)


def build_one(config: Config, name: str, *, clock: Clock) -> Prober:
    """The prober of one probe, for a look by hand. Raises ConfigError."""
    try:
        return build_prober(
            name,
            config.probes[name],
            clock=clock,
            network=Network(clock),
            folder=config.home,
            credentials=config.credentials,
            open_targets=lambda _: (),
            last_beat=lambda _: None,
        )
    except ValueError as error:
        raise config.problem(["probes", name, config.probes[name].kind], str(error)) from None


def policy_of(config: Config) -> Policy:
    """What the flow needs of a configuration. Our own state is watched like a probe where a rule asks for it."""
    own = {probe: targets for probe, targets in own_targets(config).items() if probe in config.book.watches}
    return Policy(
        bank=Bank(name=config.settings.bank.name, language=config.settings.bank.language, zone=config.zone),
        rules=config.book.rules,
        watches=config.book.watches,
        intervals={name: probe.every for name, probe in config.probes.items()} | dict.fromkeys(own, OWN_EVERY),
        targets={
            name: {target.id: target for target in targets}
            for name, targets in {**config.targets, **own}.items()
            if name in own or not config.probes[name].finds_targets
        },
        roster=config.roster,
        channels={
            name: ChannelFacts(
                address_kind=channel.address_kind, replies=bool(getattr(channel.settings, "replies", False))
            )
            for name, channel in config.channels.items()
        },
        finders={
            name: config.targets[name][0]
            for name, probe in config.probes.items()
            if probe.finds_targets and probe.absent == "no_data"
        },
        times=config.times,
        services={name: service.title for name, service in config.topology.services.items()},
        locate=config.topology.locate,
    )
