"""A real nginx on loopback: the body of its configuration's `http` block enters, a running server leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.daemons import listens, running
from support.real import free_port, program

_CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  default_type text/plain;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{http}
}}
"""


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[int]:
    """The port of an nginx that runs this `http` block; `@PORT@` in it stands for the port.

    Skips the test where nginx is not installed, see `support.real.program`.
    """
    path = program("nginx")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, http=http.replace("@PORT@", str(port))))
    command = [path, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with running(command, folder=folder, ready=lambda: listens(port)):
        yield port
