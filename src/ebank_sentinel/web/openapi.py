"""The API described as OpenAPI 3.1: operations and schemas as data enter, the document leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ebank_sentinel import __version__
from ebank_sentinel.model.incident import IncidentState
from ebank_sentinel.model.page import PageState
from ebank_sentinel.model.reason import Reason
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.model.symptom import SymptomState
from ebank_sentinel.web.alerts import MOST_ALERTS, MOST_LABELS
from ebank_sentinel.web.asked import MOST_CHARACTERS, MOST_ROWS
from ebank_sentinel.web.reports import LONGEST_TYPE

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TRUTH: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "integer"}
TEXTS: Schema = {"type": "array", "items": TEXT}
BY_NAME: Schema = {"type": "object", "additionalProperties": TEXT}
LINE: Schema = {"type": "string", "maxLength": MOST_CHARACTERS, "description": "one line"}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _words(kind: Any) -> Schema:
    return {"type": "string", "enum": [word.name if kind is Severity else word.value for word in kind]}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(name: str, of: str) -> Schema:
    return _object(**{name: {"type": "array", "items": _ref(of)}})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_INCIDENT: Mapping[str, Schema] = {
    "id": TEXT,
    "code": {**TEXT, "description": "the digits that a page shows; unique among open incidents"},
    "state": _words(IncidentState),
    "rule": TEXT,
    "over": {**TEXT, "description": "the label whose value is its scope, or `fleet`; empty: one target"},
    "scope": {**BY_NAME, "description": "the labels that name where it is; empty for one target and for `fleet`"},
    "into": {**_maybe(TEXT), "description": "the incident that took it over"},
    "into_code": _maybe(TEXT),
    "reopened": {**NUMBER, "description": "so often it came back"},
    "target": _object(probe=TEXT, key=TEXT),
    "labels": BY_NAME,
    "severity": _words(Severity),
    "category": TEXT,
    "flags": TEXTS,
    "groups": {**TEXTS, "description": "who must answer; the first owns it"},
    "group_titles": BY_NAME,
    "tell": TEXTS,
    "title": TEXT,
    "number": {**TEXT, "description": "the figure of the last reading"},
    "since": MOMENT,
    "opened_at": MOMENT,
    "ended_at": _maybe(MOMENT),
    "ended_as": _maybe(_words(Reason)),
    "ack": _maybe(_object(person=TEXT, name=TEXT, at=MOMENT, note=TEXT)),
}

SCHEMAS: Mapping[str, Schema] = {
    "Incident": _object(**_INCIDENT),
    "IncidentWithHistory": _object(
        **_INCIDENT,
        symptom_count={**NUMBER, "description": "so many symptoms belong to it now"},
        symptoms={"type": "array", "items": _ref("Symptom"), "description": "where it began: the first ten"},
        events={"type": "array", "items": _ref("Event")},
        pages={"type": "array", "items": _ref("Page")},
    ),
    "Event": _object(at=MOMENT, reason=_words(Reason), detail=TEXT),
    "Page": _object(
        id={**TEXT, "description": "the same over every attempt to send it"},
        incident={**TEXT, "description": "the incident's id, or what else called for it (test-..., config-...)"},
        code=_maybe(TEXT),
        rule=_maybe(TEXT),
        category=_maybe(TEXT),
        severity=_words(Severity),
        step=TEXT,
        reason=_words(Reason),
        recipient=TEXT,
        address=TEXT,
        channel=TEXT,
        state=_words(PageState),
        attempts=NUMBER,
        text=TEXT,
        created_at=MOMENT,
        unsaved={**TRUTH, "description": "it went out from memory while the store refused"},
    ),
    "Symptom": _object(
        rule=TEXT,
        probe=TEXT,
        key=TEXT,
        state=_words(SymptomState),
        known={**TRUTH, "description": "false while there is no data: the state is kept"},
        onset=MOMENT,
        incident=_maybe(TEXT),
        labels=BY_NAME,
    ),
    "Answer": _object(title=TEXT, detail=TEXT, subject=TEXT),
    "Alert": {
        **_object(
            labels={**BY_NAME, "maxProperties": MOST_LABELS, "description": "its identity; at least one not empty"},
            annotations={
                **BY_NAME,
                "maxProperties": MOST_LABELS,
                "description": "texts; of each 1024 characters count",
            },
            startsAt=MOMENT,
            endsAt={**MOMENT, "description": "in the past: resolved; not given: 5 minutes after it was told last"},
            generatorURL=TEXT,
        ),
        "required": ["labels"],
    },
    "AlertsTaken": _object(
        taken=NUMBER,
        firing=NUMBER,
        resolved=NUMBER,
        unmatched={**NUMBER, "description": "firing, and no rule takes them: nobody is told"},
    ),
    "Reported": _object(
        report={**TEXT, "description": "what the report is known by"},
        incident={**_maybe(TEXT), "description": "null while its rule waits"},
        code=_maybe(TEXT),
        severity=_maybe(_words(Severity)),
        state=_maybe(_words(IncidentState)),
        groups={**TEXTS, "description": "who must answer"},
        tell=TEXTS,
        group_titles=BY_NAME,
        missing={"type": "array", "items": {"type": "string", "enum": ["time", "place", "impact", "reporter"]}},
        ask={**TEXTS, "description": "a sentence for each that is missing, for whoever talks to the reporter"},
        notes=TEXTS,
    ),
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {"type": TEXT, "title": TEXT, "status": NUMBER, "detail": TEXT, "instance": TEXT},
        "required": ["type", "title", "status", "detail"],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    answer: Schema | None = None  # JSON; None: plain text
    status: int = 200
    query: Mapping[str, Schema] | None = None
    body: Schema | None = None
    headers: Mapping[str, Schema] | None = None
    problems: Sequence[int] = ()
    open: bool = False  # needs no token


_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": MOST_ROWS}
_PERSON: Schema = {**LINE, "description": "an id of the contacts"}
_KEY: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "description": "the same key again is the same report, also after a restart, and gets the same answer",
}
_BEAT: Mapping[str, Any] = {"answer": _ref("Answer"), "status": 202, "problems": (404, 503)}

OPERATIONS: Sequence[Operation] = (
    Operation(method="get", path="/-/healthy", summary="The process turns", open=True),
    Operation(method="get", path="/-/ready", summary="It takes what it is given", problems=(503,), open=True),
    Operation(
        method="post",
        path="/-/reload",
        summary="Read the configuration anew: all of it, or nothing",
        problems=(422, 503),
    ),
    Operation(method="get", path="/metrics", summary="Aggregates, as Prometheus reads them"),
    Operation(
        method="get", path="/api/v1/openapi.json", summary="This document", answer={"type": "object"}, problems=(400,)
    ),
    Operation(
        method="get",
        path="/api/v1/incidents",
        summary="Open incidents, the newest first",
        query={"ended": {**TRUTH, "description": "ended ones too"}, "limit": _LIMIT},
        answer=_list("incidents", "Incident"),
        problems=(400, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/incidents/{incident}",
        summary="One incident by id or code, with its history and its pages",
        answer=_ref("IncidentWithHistory"),
        problems=(400, 404, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/incidents/{incident}/ack",
        summary="A person takes an open incident; the first to do so has it, whoever comes later is told who",
        body={**_object(person=_PERSON, note=LINE), "required": ["person"]},
        answer=_ref("Answer"),
        problems=(400, 404, 413, 415, 422, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/incidents/{incident}/end",
        summary="A person ends what was reported, or referred; what is read ends by itself (409)",
        body={**_object(person=_PERSON, note=LINE), "required": ["person"]},
        answer=_ref("Answer"),
        problems=(400, 404, 409, 413, 415, 422, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/alerts",
        summary="Alerts as Alertmanager's API takes them: all are safe, or none is taken",
        body={"type": "array", "items": _ref("Alert"), "maxItems": MOST_ALERTS},
        answer=_ref("AlertsTaken"),
        problems=(400, 413, 415, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/reports",
        summary="A person reports something; what is missing is taken all the same, and asked back",
        headers={"Idempotency-Key": _KEY},
        body={
            **_object(
                type={**LINE, "maxLength": LONGEST_TYPE, "description": "as rules name it; any other is taken as well"},
                place=LINE,
                time={**MOMENT, "description": "when it happened"},
                impact={**LINE, "description": "as far as it is known"},
                reporter={**LINE, "description": "who, and how to reach them"},
                note=LINE,
                labels=BY_NAME,
            ),
            "required": ["type"],
        },
        answer=_ref("Reported"),
        problems=(400, 409, 413, 415, 422, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/explain",
        summary="Why: of a target each rule's truth, holds and counts; of an incident its rows, parts and every reason",
        query={
            "probe": {**TEXT, "description": "with `target`; in place of `incident`"},
            "target": {**TEXT, "description": "its key; may be left out where the probe has one"},
            "incident": {**TEXT, "description": "id or code"},
        },
        answer={"type": "object", "description": "for people: it may grow, and its words may change"},
        problems=(400, 404, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/symptoms",
        summary="What fails now, and what is about to",
        answer=_list("symptoms", "Symptom"),
        problems=(400,),
    ),
    Operation(
        method="get",
        path="/api/v1/pages",
        summary="Pages made since a moment, the oldest first",
        query={"since": MOMENT, "limit": _LIMIT},
        answer=_list("pages", "Page"),
        problems=(400, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/pages/test",
        summary="A test page to a person, on every channel",
        body=_object(person=_PERSON),
        answer=_ref("Answer"),
        status=202,
        problems=(400, 413, 415, 422, 503),
    ),
    Operation(method="post", path="/api/v1/heartbeats/{probe}", summary="A job says that it is alive", **_BEAT),
    Operation(method="post", path="/api/v1/heartbeats/{probe}/{key}", summary="One job of a probe's several", **_BEAT),
)


def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ebank-sentinel",
            "version": __version__,
            "summary": "Incidents, pages and acks of the bank's alerting",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {}],  # without a token where the daemon listens on loopback alone
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    parameters = [
        {"name": part.strip("{}"), "in": "path", "required": True, "schema": TEXT}
        for part in operation.path.split("/")
        if part.startswith("{")
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (operation.query or {}).items()]
    parameters += [
        {"name": name, "in": "header", "schema": schema} for name, schema in (operation.headers or {}).items()
    ]
    content = {"text/plain": {"schema": TEXT}}
    if operation.answer is not None:
        content = {"application/json": {"schema": operation.answer}}
    refused = {"description": "A problem", "content": {"application/problem+json": {"schema": _ref("Problem")}}}
    expected = [str(status) for status in (*operation.problems, *(() if operation.open else (401,)), 403, 421)]
    described: dict[str, Any] = {
        "operationId": f"{operation.method}{operation.path.translate(_FLAT)}",
        "summary": operation.summary,
        "responses": {str(operation.status): {"description": "Done", "content": content}}
        | dict.fromkeys(sorted(expected), refused),
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    if operation.open:
        described["security"] = []
    return described


_FLAT = str.maketrans("/-.", "___", "{}")
