"""A probe as sentinel.yaml writes it: what is refused, and with which words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from ebank_sentinel.probes.registry import KINDS, NOT_YET
from ebank_sentinel.probes.settings import ProbeSettings

URL = "http://ebank.example/health"


def probe(**keys: object) -> ProbeSettings:
    return ProbeSettings.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "every", "timeout"),
    [
        ({"http": {"url": URL}}, 30, 10),
        ({"tcp": {"address": "a:1"}}, 30, 10),
        ({"tls": {"address": "a:1"}}, 3600, 10),
        ({"promql": {"server": URL, "query": "up"}}, 30, 10),
        ({"atm": {"url": URL}}, 30, 10),
        ({"heartbeat": {"within": "26h"}}, 60, 10),
        ({"heartbeat": {"within": "50s"}}, 5, 5),
        ({"http": {"url": URL}, "every": "2s"}, 2, 2),
        ({"http": {"url": URL}, "every": "1m", "timeout": "30s"}, 60, 30),
    ],
)
def test_interval_and_deadline_have_defaults(keys: dict[str, object], every: int, timeout: int) -> None:
    settings = probe(**keys)
    assert settings.every == timedelta(seconds=every)
    assert settings.timeout == timedelta(seconds=timeout)


BAD_PROBES: dict[str, tuple[dict[str, object], str]] = {
    "no kind": ({"every": "5s"}, "give one of http, tcp, tls, promql, heartbeat, atm"),
    "two kinds": ({"http": {"url": URL}, "tcp": {"address": "a:1"}}, "it has http and tcp"),
    "unknown key": ({"http": {"url": URL}, "evry": "5s"}, "Extra inputs are not permitted"),
    "sweep": ({"http": {"url": URL}, "sweep": "branch"}, "not yet"),
    "timeout over every": (
        {"http": {"url": URL}, "every": "5s", "timeout": "6s"},
        "timeout 6s is longer than every 5s",
    ),
    "absent of no series": ({"http": {"url": URL}, "absent": "clear"}, "absent is for promql"),
    "targets of promql": (
        {"promql": {"server": URL, "query": "up"}, "targets": {"csv": "a", "key": "b"}},
        "promql finds its targets by itself",
    ),
    "label that is a number": ({"http": {"url": URL}, "labels": {"branch": 1}}, "valid string"),
    "placeholder without a label": ({"http": {"url": "http://{host}/"}}, r"\{host\} is not a column or a label"),
    "method that changes something": ({"http": {"url": URL, "method": "DELETE"}}, "GET"),
    "body with GET": ({"http": {"url": URL, "body": "x"}}, "body is sent with POST alone"),
    "read with HEAD": ({"http": {"url": URL, "method": "HEAD", "read": "*"}}, "answer to HEAD has no body"),
    "read over an own field": ({"http": {"url": URL, "read": {"status": "x"}}}, "status is a field that every http"),
    "read a word of conditions": ({"http": {"url": URL, "read": {"now": "x"}}}, "now means something else"),
    "read with a capital": ({"http": {"url": URL, "read": {"Queue": "x"}}}, "no name for a field"),
    "read an empty path": ({"http": {"url": URL, "read": {"queue": "a..b"}}}, "is no path"),
    "regex with look-around": ({"http": {"url": URL, "expect": {"regex": "(?=x)"}}}, "not one that RE2 takes"),
    "regex too long": ({"http": {"url": URL, "expect": {"regex": "x" * 1001}}}, "1001 characters"),
    "regex too large": ({"http": {"url": URL, "expect": {"regex": "((a{100}){100}){100}"}}}, "not one that RE2 takes"),
    "status that is none": ({"http": {"url": URL, "expect": {"status": [20]}}}, "greater than or equal to 100"),
    "secret inline": ({"http": {"url": URL, "headers": {"Authorization": "Bearer x"}}}, "never written inline"),
    "header with a line break": ({"http": {"url": URL, "headers": {"X-A": "a\r\nB: c"}}}, "no control characters"),
    "header that is none": ({"http": {"url": URL, "headers": {"X A": "a"}}}, "not the name of a header"),
    "tls not verified": ({"http": {"url": URL, "tls": {"verify": False}}}, "Extra inputs are not permitted"),
    "promql that is none": ({"promql": {"server": URL, "query": "sum("}}, "it is not PromQL"),
    "promql of wrong types": ({"promql": {"server": URL, "query": {"r": "rate(x)"}}}, "expected type matrix"),
    "promql range": ({"promql": {"server": URL, "query": "x[5m]"}}, "gives a range of values"),
    "promql text": ({"promql": {"server": URL, "query": '("x")'}}, "gives a text"),
    "promql none": ({"promql": {"server": URL, "query": {}}}, "there is no query in it"),
    "promql server with a query": ({"promql": {"server": f"{URL}?x=1", "query": "up"}}, "without a query"),
}


@pytest.mark.parametrize("mistake", BAD_PROBES)
def test_a_mistake_is_told(mistake: str) -> None:
    keys, reason = BAD_PROBES[mistake]
    with pytest.raises(ValidationError, match=reason):
        probe(**keys)


@pytest.mark.parametrize("kind", NOT_YET)
def test_a_kind_of_the_format_that_is_not_built_is_refused_by_name(kind: str) -> None:
    with pytest.raises(ValidationError, match="not yet") as refused:
        probe(**{kind: {}})
    assert refused.value.errors()[0]["loc"] == (kind,)


def test_a_query_that_is_wrong_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        probe(promql={"server": URL, "query": {"good": "up", "bad": "up["}})
    (error,) = refused.value.errors()
    assert error["loc"][-1] == "bad"


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        probe(http={"url": "ftp://x", "metod": "GET", "max_body": 0}, every="soon")
    assert {error["loc"][-1] for error in refused.value.errors()} == {"url", "metod", "max_body", "every"}


def test_fields_are_what_a_rule_may_name() -> None:
    assert "cert_days" not in probe(http={"url": URL}).fields()
    assert probe(http={"url": "https://ebank.example/"}).fields()["cert_days"] is float
    assert probe(http={"url": URL, "read": {"queue": "queue.depth"}}).fields()["queue"] is object
    assert probe(promql={"server": URL, "query": "up"}).fields() == {"value": float}
    assert probe(promql={"server": URL, "query": {"a": "up", "b": "up"}}).fields() == {"a": float, "b": float}
    assert probe(http={"url": URL, "read": "*"}).has_body()
    assert not probe(tcp={"address": "a:1"}).has_body()


def test_the_schema_names_every_kind() -> None:
    schema = ProbeSettings.model_json_schema()
    assert set(schema["properties"]) >= set(KINDS) | {"every", "timeout", "labels", "targets", "absent"}
    assert schema["additionalProperties"] is False
    assert schema["oneOf"] == [{"required": [kind]} for kind in KINDS]
