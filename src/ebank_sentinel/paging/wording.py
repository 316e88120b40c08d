"""Puts a notice into words: facts and a language enter, a Message leaves, whatever the facts are.

Order on a phone, fixed: signature, level, title, number with its normal, since, place and impact, what to
answer, code. What does not fit three parts is cut: the impact first, then the normal, the number, who took
it, who reported it and what to ask for, and the reply line; never the level, the title, since or the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from zoneinfo import ZoneInfo

from ebank_sentinel.model.notice import Notice, NoticeKind
from ebank_sentinel.model.page import Message
from ebank_sentinel.paging import mail, moments
from ebank_sentinel.paging.parts import cut, fits, longest
from ebank_sentinel.paging.phrases import Phrases, phrases
from ebank_sentinel.paging.plain import harmless, one_line

LONGEST_BANK = 20
"""Characters of a signature: networks ask for short ones, and the text needs the room."""

LONGEST_CODE = 12
LONGEST_FACT = 2_000
MOST_READINGS = 30
"""Lines of a mail: what a body has beyond that is looked up, not read."""

_SHORTEST_IMPACT = 4  # fewer characters than that tell nothing
_CUT_ORDER = ("impact", "normal", "number", "outcome", "taken", "reporter", "lacking", "reply")


def render(notice: Notice, *, language: str, replies: bool, zone: ZoneInfo) -> Message:
    """The message for one recipient. Never raises: what cannot be rendered goes out as a plain fallback."""
    try:
        return _render(_harmless(notice), language=language, replies=replies, zone=zone)
    except Exception:  # noqa: BLE001 - a page in poor words is worth more than none
        return _fallback(notice, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """A text for a phone in its order; "" is left out."""

    state: str  # the level, or the word for what happened to it
    title: str
    number: str = ""
    normal: str = ""
    time: str
    outcome: str = ""  # the figure of an all-clear: it belongs to the end of the time, not to its start
    impact: str = ""
    reporter: str = ""
    lacking: str = ""
    taken: str = ""
    reply: str = ""
    code: str


def _render(notice: Notice, *, language: str, replies: bool, zone: ZoneInfo) -> Message:
    words = phrases(language)
    short = _digest(notice, words, language, zone) if notice.kind is NoticeKind.DIGEST else ""
    short = short or _short(_pieces(notice, words, language, replies=replies, zone=zone), notice.bank, words)
    return Message(
        short=short,
        subject=mail.subject(notice, words, language, zone),
        body=mail.body(notice, words, language, zone, short=short, replies=replies),
        thread=notice.incident or notice.rule or notice.kind,
        payload={
            "kind": str(notice.kind),
            "incident": notice.incident,
            "code": notice.code,
            "rule": notice.rule,
            "severity": notice.severity.name,
            "category": notice.category,
            "title": notice.title,
            "number": notice.number,
            "normal": notice.normal,
            "impact": notice.impact,
            "place": notice.place,
            "since": notice.since.isoformat(),
            "ended": notice.ended_at.isoformat() if notice.ended_at else None,
            "ack": notice.ack or None,
            "groups": list(notice.groups),
            "flags": sorted(notice.flags),
            "text": short,
            **({"reporter": notice.reporter or None, "missing": list(notice.lacks)} if notice.reported else {}),
        },
    )


def _pieces(notice: Notice, words: Phrases, language: str, *, replies: bool, zone: ZoneInfo) -> _Pieces:
    level = notice.severity.title(language)
    pieces = _Pieces(
        state=level,
        title=notice.title or notice.rule,
        time=moments.since(notice, words, zone),
        code=words.code.format(code=notice.code) if notice.code else "",
    )
    match notice.kind:
        case NoticeKind.RESOLVED | NoticeKind.RETIRED | NoticeKind.CLOSED:
            recovered = notice.kind is NoticeKind.RESOLVED
            figure = words.remaining.format(count=notice.remaining) if notice.remaining else notice.number
            return replace(
                pieces,
                state=mail.over(notice.kind, words),
                time=moments.span(notice, words, zone),
                outcome=figure if recovered else "",  # what is not watched any more has no figure
                taken=words.taken.format(name=notice.ack) if notice.ack else "",
            )
        case NoticeKind.PART_OF:
            what = moments.impact(notice, words)
            return replace(
                pieces,
                state=mail.joined(notice, words, level),
                number=notice.number,
                impact=words.impact.format(what=what) if what else "",
                taken=_whose(notice, words),
            )
        case NoticeKind.TEST:
            return replace(
                pieces,
                state=f"{words.test} {level}",
                title=notice.title or words.test_title,
                time=moments.moment(notice.at, notice.at, zone),
                reply=words.nothing_to_do,
            )
        case NoticeKind.CONFIG:
            return replace(pieces, title=notice.title or words.config_title, impact=notice.impact)
        case _:
            what = moments.impact(notice, words)
            return replace(
                pieces,
                state=words.raised.format(level=level)
                if notice.kind is NoticeKind.WORSE
                else mail.alarmed(notice, words, language),
                number=notice.number,
                normal=notice.normal,
                impact=words.impact.format(what=what) if what else "",
                reporter=words.reporter.format(name=notice.reporter) if notice.reporter else "",
                lacking=moments.lacking(notice, words),
                reply=words.reply if replies else "",
            )


def _whose(notice: Notice, words: Phrases) -> str:
    """Who has it, else whose it is: whoever worked at a part must know with whom to speak."""
    if notice.ack:
        return words.taken.format(name=notice.ack)
    return words.owner.format(group=notice.groups[0]) if notice.groups else ""


def _short(pieces: _Pieces, bank: str, words: Phrases) -> str:
    """One paragraph that fits."""
    for name in _CUT_ORDER:
        if fits(text := _join(pieces, bank, words)):
            return text
        pieces = _shorten(pieces, name, bank, words) if name == "impact" else replace(pieces, **{name: ""})
    if not fits(_join(pieces, bank, words)):
        pieces = _shorten(pieces, "title", bank, words)
    return _join(pieces, bank, words)


def _shorten(pieces: _Pieces, name: str, bank: str, words: Phrases) -> _Pieces:
    """As much of one piece as fits; an impact of which next to nothing would be left goes as a whole."""
    kept = longest(getattr(pieces, name), lambda text: fits(_join(replace(pieces, **{name: text}), bank, words)))
    if name == "impact" and len(kept) <= len(words.impact.format(what="")) + _SHORTEST_IMPACT:
        kept = ""
    return replace(pieces, **{name: kept})


def _join(pieces: _Pieces, bank: str, words: Phrases) -> str:
    if pieces.normal and pieces.number:
        pieces = replace(pieces, number=words.number.format(number=pieces.number, normal=pieces.normal))
    pieces = replace(pieces, normal="")
    texts = (getattr(pieces, field.name) for field in fields(pieces))
    return words.signature.format(bank=bank) + " ".join(text for text in texts if text)


def _digest(notice: Notice, words: Phrases, language: str, zone: ZoneInfo) -> str:
    """What waited, as one list: as many lines as fit, the gravest and oldest first, and how many more there are."""
    level, count = notice.severity.title(language), len(notice.entries)
    head = words.signature.format(bank=notice.bank) + words.listed.format(level=level, count=count)
    lines = [
        " ".join(filter(None, (entry.title, entry.place, moments.of_entry(entry, notice, words, zone), code)))
        for entry in sorted(notice.entries, key=lambda entry: (-entry.severity, entry.since))
        for code in [words.code.format(code=entry.code)]
    ]
    for kept in range(count, -1, -1):
        rest = [words.more.format(count=count - kept)] if kept < count else []
        text = f"{head} {words.entries_joined_by.join([*lines[:kept], *rest])}".rstrip()
        if fits(text):
            return text
    return cut(head)


def _harmless(notice: Notice) -> Notice:
    """The same facts without anything that a phone, a mail or a reader should not get."""

    def clean(text: str) -> str:
        return harmless(text[:LONGEST_FACT])

    def each(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(filter(None, map(clean, texts)))

    return replace(
        notice,
        bank=harmless(notice.bank)[:LONGEST_BANK],
        category=one_line(notice.category),
        rule=one_line(notice.rule),
        title=clean(notice.title),
        number=clean(notice.number),
        normal=clean(notice.normal),
        impact=clean(notice.impact),
        place=clean(notice.place),
        incident=one_line(notice.incident),
        code=one_line(notice.code)[:LONGEST_CODE],
        ack=clean(notice.ack),
        groups=each(notice.groups),
        why=clean(notice.why),
        others=each(notice.others),
        readings=tuple((clean(label), clean(value)) for label, value in notice.readings[:MOST_READINGS]),
        threshold=clean(notice.threshold),
        runbook=clean(notice.runbook),
        first_checks=each(notice.first_checks),
        say=clean(notice.say),
        flags=frozenset(map(one_line, notice.flags)),
        reporter=clean(notice.reporter),
        lacks=tuple(map(one_line, notice.lacks)),
        parts=each(notice.parts),
        entries=tuple(
            replace(entry, title=clean(entry.title), place=clean(entry.place), code=one_line(entry.code))
            for entry in notice.entries
        ),
    )


def _fallback(notice: Notice, language: str) -> Message:
    """Who, how grave, which rule, since when, which code: only steps that cannot fail."""

    def bare(value: object, length: int) -> str:
        return "".join(character if character.isprintable() else " " for character in f"{value}"[:length])

    words = phrases(language)
    level = notice.severity.title(language)
    since, rule, code = bare(notice.since, 16), bare(notice.rule, 64), bare(notice.code, LONGEST_CODE)
    signature = words.signature.format(bank=bare(notice.bank, LONGEST_BANK))
    short = f"{signature}{level} {rule} {since} {words.code.format(code=code)}"
    incident = bare(notice.incident, 64)
    payload = {"kind": str(notice.kind), "incident": incident, "code": code, "rule": rule}
    return Message(
        short=short,
        subject=f"[{level}] {rule} {since} #{code}",
        body=f"{short}\n",
        thread=incident or rule or str(notice.kind),
        payload={**payload, "severity": notice.severity.name, "text": short},
    )
