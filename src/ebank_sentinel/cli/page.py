"""`page`: a test page to a person, or the texts that a rule would send."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.panel import Panel

from ebank_sentinel.cli.client import Door
from ebank_sentinel.cli.files import load_config
from ebank_sentinel.cli.terminal import DEFAULT, OUT, ConfigPath
from ebank_sentinel.clock import SystemClock
from ebank_sentinel.daemon.preview import Previewed, previews
from ebank_sentinel.errors import UsageError
from ebank_sentinel.yamlfile import did_you_mean


def command(
    person: Annotated[str | None, Parameter(help="Who gets the test page.")] = None,
    /,
    *,
    test: Annotated[bool, Parameter(negative=(), help="Send PERSON a test page on every channel.")] = False,
    preview: Annotated[str | None, Parameter(help="Show the texts that this rule would send, and to whom.")] = None,
    config: ConfigPath = DEFAULT,
) -> int:
    """Send a test page, or preview a rule's texts."""
    found = load_config(config)
    if preview is not None and person is None and not test:
        if preview not in found.book.rules:
            dormant = " (it is dormant)" if preview in found.book.dormant else ""
            raise UsageError(f"there is no rule {preview!r}{dormant}{did_you_mean(preview, found.book.rules)}")
        for one in previews(found, preview, SystemClock().now()):
            _print(one)
        OUT.print("[dim]Figures and readings are made up: the rest is as it would be sent.[/dim]")
        return 0
    if person is None or not test or preview is not None:
        raise UsageError("write `page PERSON --test` or `page --preview RULE`")
    if found.roster.person(person) is None:
        known = [one.id for one in found.roster.people]
        raise UsageError(f"there is no person {person!r}{did_you_mean(person, known)}")
    answer = Door.of(config).call("POST", "/api/v1/pages/test", {"person": person})
    OUT.print(f"[green]{escape(answer['detail'])}[/green]", highlight=False)
    return 0


def _print(one: Previewed) -> None:
    page = one.page
    title = f"{one.when}: {page.recipient} by {page.channel} ({page.reason})"
    mail = page.channel in one.mails
    text = f"{page.message.subject}\n\n{page.message.body}" if mail else page.message.short
    OUT.print(Panel(escape(text), title=escape(title), title_align="left", expand=False), highlight=False)
