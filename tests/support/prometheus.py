"""A real Prometheus on loopback, and an exporter whose figures the test sets: what it scrapes, queries return."""

from __future__ import annotations

import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.daemons import running, stop
from support.real import free_port, program


class Exporter:
    """`/metrics` of something that is watched. `figures` maps a series, as `name{label="x"}`, to its value."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = "".join(f"{series} {value}\n" for series, value in dict(outer.figures).items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Prometheus:
    """A Prometheus that scrapes its targets every second. It can be stopped, and started again on its data."""

    def __init__(self, folder: Path, targets: Mapping[str, str]) -> None:
        """`targets`: the name of a job -> host:port. Skips the test where Prometheus is not installed."""
        self._path = program("prometheus")
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        jobs = "".join(
            f"  - job_name: {job}\n    static_configs: [{{targets: ['{place}']}}]\n" for job, place in targets.items()
        )
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nscrape_configs:\n{jobs}"
        )
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            self._path,
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self._process = self._stack.enter_context(running(command, folder=self._folder, ready=self._ready))

    def stop(self) -> None:
        """Stop it; its data stays."""
        if self._process is not None:
            stop(self._process)
        self._stack.close()

    def wait_for(self, query: str, *, seconds: float = 20.0) -> None:
        """Wait until a query has a result."""
        deadline = time.monotonic() + seconds
        while not self._answers(query):
            if time.monotonic() > deadline:
                raise AssertionError(f"Prometheus has nothing for {query} after {seconds:g} s")
            time.sleep(0.1)

    def _answers(self, query: str) -> bool:
        asked = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 - our own server on loopback
            return b'"result":[]' not in answer.read()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310 - as above
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """A Prometheus that runs, and is stopped at the end."""
    server = Prometheus(folder, targets)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def exporter() -> Iterator[Exporter]:
    """An exporter that serves, and is stopped at the end."""
    served = Exporter()
    try:
        yield served
    finally:
        served.close()
