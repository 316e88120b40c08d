"""A program that says ready where the daemon would listen, and does nothing else: for stages without a daemon."""

from __future__ import annotations

import sys

import yaml

from ebank_sentinel.demo.folder import DemoFolder

_SERVER = """
import http.server, os, sys
print(os.getpid(), flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.do_GET()
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def ready_at_once(folder: DemoFolder) -> list[str]:
    """Its command line; its log begins with its process id."""
    listen = yaml.safe_load(folder.configuration.read_text(encoding="utf-8"))["listen"]
    return [sys.executable, "-c", _SERVER, listen.rpartition(":")[2]]
