"""`run`: the daemon, in the foreground, as systemd wants it."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from ebank_sentinel import logs
from ebank_sentinel.cli.terminal import DEFAULT, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.daemon import Daemon
from ebank_sentinel.metrics import Metrics
from ebank_sentinel.systemd import Notifier, credentials


def command(
    config: ConfigPath = DEFAULT,
    *,
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Parameter(help="Least level to log.")] = "info",
) -> int:
    """Watch, decide and page until SIGTERM. SIGHUP reloads the configuration."""
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)  # when the watchdog ends a daemon that hangs, the journal says where
    metrics = Metrics()
    lines = logs.configure(sys.stdout, on_drop=metrics.log_dropped.inc, level=log_level)
    try:
        asyncio.run(_run(config, metrics))
    finally:
        lines.close()
    return 0


async def _run(config: ConfigPath, metrics: Metrics) -> None:
    daemon = Daemon(
        config,
        clock=SystemClock(),
        metrics=metrics,
        notifier=Notifier(os.environ),
        credentials=credentials(os.environ),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
    await daemon.run()
