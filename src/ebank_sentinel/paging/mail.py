"""The mail of a notice: harmless facts enter, a subject and a body leave."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ebank_sentinel.model import category
from ebank_sentinel.model.notice import Notice, NoticeKind
from ebank_sentinel.paging import moments
from ebank_sentinel.paging.phrases import Phrases

MOST_PARTS = 3
"""Codes of what became part of something wider: whoever had more knows by then."""

MOST_CHECKS = 3
"""Of a runbook, in the mail: the rest is read at the desk."""

_OVER = frozenset({NoticeKind.RESOLVED, NoticeKind.RETIRED, NoticeKind.CLOSED})
_OF_AN_INCIDENT = frozenset({NoticeKind.ALARM, NoticeKind.WORSE, NoticeKind.PART_OF}) | _OVER


def subject(notice: Notice, words: Phrases, language: str, zone: ZoneInfo) -> str:
    """`[二级] 登录失败 全行 03:09起 #4821`."""
    level, title, place = alarmed(notice, words, language), notice.title or notice.rule, ""
    time = moments.since(notice, words, zone)
    match notice.kind:
        case NoticeKind.RESOLVED | NoticeKind.RETIRED | NoticeKind.CLOSED:
            level = over(notice.kind, words)
            time = moments.span(notice, words, zone)
        case NoticeKind.PART_OF:
            level = joined(notice, words, level)
        case NoticeKind.WORSE:
            level = words.raised.format(level=level)
        case NoticeKind.TEST:
            level, title, time = words.test, notice.title or words.test_title, ""
        case NoticeKind.CONFIG:
            title = notice.title or words.config_title
        case NoticeKind.DIGEST:
            title, time = words.listed.format(level="", count=len(notice.entries)).strip(" :"), ""
    if notice.kind in _OF_AN_INCIDENT:
        place = notice.place or moments.everywhere(notice, words).strip()
    code = f"#{notice.code}" if notice.code else ""
    return " ".join(filter(None, (f"[{level}]", title[:100], place[:60], time, code)))


def body(notice: Notice, words: Phrases, language: str, zone: ZoneInfo, *, short: str, replies: bool) -> str:
    """What and impact; who has it and what comes next; readings; checks; what to say; who else; why you."""
    told = [
        *_said(words.others, words.list_joined_by.join(notice.others), words),
        *_said(words.why, notice.why or (words.why_over if notice.kind in _OVER else ""), words),
    ]
    if notice.kind in _OF_AN_INCIDENT:
        blocks = [
            _what(notice, words, language, zone),
            _who(notice, words, replies=replies),
            _readings(notice, words),
            *([] if notice.kind in _OVER else [_checks(notice, words), _said(words.say, notice.say, words)]),
            told,
            [words.reference.format(incident=notice.incident, rule=notice.rule, code=notice.code)],
        ]
    else:
        blocks = [[short], _entries(notice, words, language, zone), told]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def over(kind: NoticeKind, words: Phrases) -> str:
    """The word for how it ended."""
    return {NoticeKind.RETIRED: words.retired, NoticeKind.CLOSED: words.closed}.get(kind, words.recovered)


def alarmed(notice: Notice, words: Phrases, language: str) -> str:
    """The level, and the word for an alarm that is no news."""
    level = notice.severity.title(language)
    if notice.kind is not NoticeKind.ALARM or notice.again is None:
        return level
    return words.again[notice.again].format(level=level)


def joined(notice: Notice, words: Phrases, level: str) -> str:
    """What the recipient knew by its codes is part of this now."""
    return words.joined.format(codes=words.list_joined_by.join(notice.parts[:MOST_PARTS]), level=level)


def _what(notice: Notice, words: Phrases, language: str, zone: ZoneInfo) -> list[str]:
    level = alarmed(notice, words, language)
    number = words.number.format(number=notice.number, normal=notice.normal) if notice.normal else notice.number
    number, what = number if notice.number else "", words.impact.format(what=moments.impact(notice, words))
    match notice.kind:
        case NoticeKind.WORSE:
            level = words.raised.format(level=level)
        case NoticeKind.PART_OF:
            level = joined(notice, words, level)
        case NoticeKind.RESOLVED:
            figure = words.remaining.format(count=notice.remaining) if notice.remaining else notice.number
            level, number, what = f"{words.recovered} ({level})", figure, ""
        case NoticeKind.RETIRED | NoticeKind.CLOSED:
            level, number, what = f"{over(notice.kind, words)} ({level})", "", ""
    what = what if moments.impact(notice, words) else ""
    flags = [category.flag_title(flag, language) for flag in sorted(notice.flags)]
    times = [notice.since, *([notice.ended_at] if notice.ended_at else [])]
    when = " - ".join(f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S}" for time in times)
    return [
        f"{level} {notice.title or notice.rule}",
        *filter(None, (number, what)),
        *_said(words.time, f"{when} ({zone.key or zone})", words),
        *([words.reporter.format(name=notice.reporter)] if notice.reporter else []),
        *([] if notice.kind in _OVER else filter(None, [moments.lacking(notice, words)])),
        *_said(words.category, category.title(notice.category, language), words),
        *_said(words.flags, words.list_joined_by.join(flags), words),
    ]


def _who(notice: Notice, words: Phrases, *, replies: bool) -> list[str]:
    is_over, owner, others = notice.kind in _OVER, "".join(notice.groups[:1]), notice.groups[1:]
    lines = []
    if notice.ack:
        lines.append((words.owner_over if is_over else words.owner_taken).format(name=notice.ack, groups=owner))
    elif not is_over:
        lines.append(words.owner_free.format(groups=owner))
    if others and not is_over:
        lines.append(words.also.format(groups=words.list_joined_by.join(others)))
    if not is_over:
        steps = []
        if not notice.ack and replies:
            steps = [words.next_reply]
        elif not notice.ack and notice.recipient:
            steps = [words.next_command.format(code=notice.code, person=notice.recipient)]
        lines += _said(words.next, words.entries_joined_by.join([*steps, words.next_all_clear]), words)
    return lines


def _entries(notice: Notice, words: Phrases, language: str, zone: ZoneInfo) -> list[str]:
    lines = []
    for entry in sorted(notice.entries, key=lambda entry: (-entry.severity, entry.since)):
        time = moments.of_entry(entry, notice, words, zone)
        facts = (f"[{entry.severity.title(language)}]", entry.title, entry.place, time, f"#{entry.code}")
        lines.append("  " + " ".join(filter(None, facts)))
    return lines


def _readings(notice: Notice, words: Phrases) -> list[str]:
    if not notice.readings:
        return []
    head = words.readings_threshold.format(threshold=notice.threshold) if notice.threshold else words.readings
    width = max(len(label) for label, _ in notice.readings)
    return [f"{head}{words.colon.rstrip()}", *(f"  {label.ljust(width)}  {value}" for label, value in notice.readings)]


def _checks(notice: Notice, words: Phrases) -> list[str]:
    if not notice.first_checks:
        return _said(words.checks, notice.runbook, words)
    head = f"{words.checks} ({notice.runbook})" if notice.runbook else words.checks
    checks = enumerate(notice.first_checks[:MOST_CHECKS], start=1)
    return [f"{head}{words.colon.rstrip()}", *(f"  {number}. {check}" for number, check in checks)]


def _said(label: str, text: str, words: Phrases) -> list[str]:
    return [f"{label}{words.colon}{text}"] if text else []
