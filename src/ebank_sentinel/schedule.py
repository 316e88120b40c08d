"""Calendar jobs: what happens at a moment of the wall clock. The only importer of APScheduler.

Intervals are not calendar jobs: probes run on their wheel, and timers that matter are rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog import get_logger

_log = get_logger()


class Calendar:
    """One job a name; a new one takes the place of the old."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)

    def start(self) -> None:
        """Needs a running loop."""
        self._scheduler.start()

    def at(self, name: str, moment: datetime, job: Callable[[], None]) -> None:
        """Run a job once at a moment; at once when that is past."""
        self._scheduler.add_job(
            self._run,
            "date",
            args=[job],
            run_date=moment,
            id=name,
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,  # late is better than never
        )

    def stop(self) -> None:
        """Run nothing more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @staticmethod
    async def _run(job: Callable[[], None]) -> None:
        """As a coroutine it runs in the loop; a plain function would run in a thread."""
        job()

    @staticmethod
    def _failed(event: JobExecutionEvent) -> None:
        _log.error("a calendar job failed", job=event.job_id, error=repr(event.exception))
