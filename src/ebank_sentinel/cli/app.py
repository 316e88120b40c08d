"""The verbs put together. Exit status: 0 fine, 1 what was checked does not hold, 2 wrong usage."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from ebank_sentinel import __version__
from ebank_sentinel.cli.terminal import DEFAULT, ERR
from ebank_sentinel.errors import ConfigError, SentinelError, StoreInUse, UsageError

_VERBS = {
    "run": "Watch, decide and page until SIGTERM. SIGHUP reloads the configuration.",
    "demo": "Show a bank's login and ATMs fail, and the pages that people get.",
    "check": "Check every file; print all mistakes at once.",
    "test": "Run the tests of the rules: what is opened and who is paged, against what is expected.",
    "schema": "Print the JSON Schema of a file, for an editor.",
    "probe": "Read a probe once, now, and show what came.",
    "oncall": "Print who is on call, who is next, and until when.",
    "page": "Preview a rule's texts, or send a test page.",
    "incident": "List, show, take and end incidents.",
    "explain": "Say why: what each rule makes of a target, or every decision about an incident.",
    "report": "Report something that no probe sees: a phishing site, a theft, a flood.",
}


def build() -> App:
    """The application."""
    app = App(
        name="ebank-sentinel",
        help="From a failing health check to the right people standing up.",
        version=__version__,
        version_flags=["--version"],
        result_action="return_value",
    )
    for verb, words in _VERBS.items():
        entry = "app" if verb == "incident" else "command"
        app.command(f"ebank_sentinel.cli.{verb}:{entry}", name=verb, help=words)  # imported when it is used
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the verb that the arguments (else the command line) name, and end the process with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no Chinese
    try:
        status = build()(sys.argv[1:] if arguments is None else arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        ERR.print(_plain(error), style="red", highlight=False, soft_wrap=True, markup=False, emoji=False)
        verb = " ".join(("ebank-sentinel", *(error.command_chain or ())))
        ERR.print(f"`{verb} --help` lists what there is.", highlight=False)
        status = 2
    except ConfigError as error:
        for problem in error.problems:
            ERR.print(str(problem), style="red", highlight=False, soft_wrap=True, markup=False, emoji=False)
        _name_yours(error)
        status = 1
    except (UsageError, StoreInUse) as error:
        ERR.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False, emoji=False)
        status = 2
    except SentinelError as error:
        ERR.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False, emoji=False)
        status = 1
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _name_yours(error: ConfigError) -> None:
    """What to do where nobody named a configuration and none is in its usual place."""
    if any(problem.file == str(DEFAULT) for problem in error.problems) and not DEFAULT.exists():
        ERR.print("Name yours with -c FILE, or with EBANK_SENTINEL_CONFIG=FILE.", highlight=False)


def _plain(error: CycloptsError) -> str:
    return " ".join(str(error).split())
