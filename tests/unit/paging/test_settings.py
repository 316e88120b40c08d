"""What a channel may say in sentinel.yaml."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from ebank_sentinel.paging.registry import KINDS, NOT_YET
from ebank_sentinel.paging.settings import ChannelSettings
from support.channels import channel
from support.pages import TEXT, page


def test_a_channel_has_one_kind() -> None:
    chosen = ChannelSettings.model_validate({"log": {}})
    assert (chosen.kind, chosen.address_kind) == ("log", None)


@pytest.mark.parametrize(
    ("kind", "address"), [("email", "email"), ("sms_http", "sms"), ("webhook", None), ("log", None)]
)
def test_the_kind_names_the_address_that_a_person_needs(kind: str, address: str | None) -> None:
    assert KINDS[kind].address_kind == address


def test_no_kind_is_an_error() -> None:
    with pytest.raises(ValidationError, match="none is given"):
        ChannelSettings.model_validate({})


def test_two_kinds_are_an_error() -> None:
    mail = {"host": "127.0.0.1", "sender": "a@bank.example"}
    with pytest.raises(ValidationError, match="email and log are given"):
        ChannelSettings.model_validate({"log": {}, "email": mail})


@pytest.mark.parametrize("kind", NOT_YET)
def test_kinds_to_come_are_refused_by_name(kind: str) -> None:
    with pytest.raises(ValidationError, match="not yet") as refused:
        ChannelSettings.model_validate({kind: {"anything": 1}})
    assert refused.value.errors()[0]["loc"] == (kind,)


def test_an_error_points_at_the_key_that_is_wrong() -> None:
    with pytest.raises(ValidationError) as refused:
        ChannelSettings.model_validate({"webhook": {"url": "nonsense", "secret": {"file": "x"}}})
    assert refused.value.errors()[0]["loc"] == ("webhook", "url")


def test_there_is_a_json_schema_that_names_every_kind() -> None:
    schema = ChannelSettings.model_json_schema()
    assert set(KINDS) | set(NOT_YET) == set(schema["properties"])
    assert schema["additionalProperties"] is False


async def test_the_log_shows_what_a_phone_would(tmp_path: Path) -> None:
    over = channel({"log": {}}, tmp_path, {}, name="ops")
    with capture_logs() as logs:
        assert await over.send(page()) == "written to the log"
    await over.close()
    assert logs == [
        {
            "event": "page",
            "log_level": "warning",
            "channel": "ops",
            "text": TEXT,
            "page": page().id,
            "recipient": "wang.fang",
            "reason": "first",
            "severity": "II",
        }
    ]
