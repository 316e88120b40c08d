"""With a token set, no route but the two that say whether we live answers without it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ebank_sentinel.web import openapi
from ebank_sentinel.web.access import OPEN
from support.loopback_daemon import LoopbackDaemon, running_daemon

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "a-token-of-the-bank-0123456789"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LoopbackDaemon]:
    folder = tmp_path_factory.mktemp("bank")
    secret = folder / "api.token"
    secret.write_text(TOKEN + "\n", encoding="utf-8")
    secret.chmod(0o600)
    async with running_daemon(folder, more="api: {token: {file: api.token}}\n") as bank:
        yield bank


ROUTES = [(one.method.upper(), one.path) for one in openapi.OPERATIONS]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_what_says_whether_we_live_is_open(bank: LoopbackDaemon, method: str, path: str) -> None:
    status, body, headers = await bank.ask(method, path)
    if path in OPEN:
        assert status == 200
    else:
        assert (status, body["title"], headers["WWW-Authenticate"]) == (401, "Token needed", "Bearer")


async def test_what_is_not_there_is_not_told_apart_without_the_token(bank: LoopbackDaemon) -> None:
    assert (await bank.ask("GET", "/nowhere"))[0] == 401


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"bearer {TOKEN}", f"Basic {TOKEN}"]
)
async def test_anything_but_the_token_is_refused(bank: LoopbackDaemon, given: str) -> None:
    status, body, _ = await bank.ask("GET", "/api/v1/incidents", headers={"Authorization": given})
    assert status == 401
    assert TOKEN not in str(body)


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/metrics"])
async def test_the_token_opens(bank: LoopbackDaemon, path: str) -> None:
    assert (await bank.ask("GET", path, headers={"Authorization": f"Bearer {TOKEN}"}))[0] == 200


async def test_after_a_reload_the_new_token_counts(bank: LoopbackDaemon) -> None:
    secret = bank.files.folder / "api.token"
    secret.write_text("another-token-of-the-bank", encoding="utf-8")
    old, new = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer another-token-of-the-bank"}
    assert (await bank.ask("GET", "/api/v1/incidents", headers=new))[0] == 401
    assert (await bank.ask("POST", "/-/reload", headers=old))[0] == 200
    assert (await bank.ask("GET", "/api/v1/incidents", headers=old))[0] == 401
    assert (await bank.ask("GET", "/api/v1/incidents", headers=new))[0] == 200


async def test_a_reload_without_the_secrets_file_keeps_the_token_that_there_is(bank: LoopbackDaemon) -> None:
    new = {"Authorization": "Bearer another-token-of-the-bank"}
    (bank.files.folder / "api.token").unlink(missing_ok=True)
    status, body, _ = await bank.ask("POST", "/-/reload", headers=new)
    assert (status, body["title"]) == (422, "The configuration does not hold")
    assert "api.token" in body["detail"]
    assert (await bank.ask("GET", "/api/v1/incidents", headers=new))[0] == 200
