"""What a file gives as a number or a mail address enters; it leaves as it is, or as a ValueError that says why not."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+")
_LONGEST_MAIL = 254  # RFC 5321, 4.5.3.1.3

KINDS = ("sms", "voice", "email")
"""The kinds of addresses that a person can have."""


def phone_number(text: str) -> str:
    """A number in E.164: `+` and the country, nothing else. Raises ValueError."""
    if _NUMBER.fullmatch(text):
        return text
    if re.fullmatch(r"[0-9]+", text):
        raise ValueError("this number has no country: write it as in +8613800000001")
    raise ValueError("this is not a phone number: write + and digits, no spaces, as in +8613800000001")


def mail_address(text: str) -> str:
    """One mail address. Raises ValueError, also for whatever could add a header or a second recipient."""
    if any(ord(character) < 0x20 or character in "\x7f\x85\u2028\u2029" for character in text):
        raise ValueError("this mail address holds a line break or another invisible character: delete it")
    if text.count("@") > 1 or "," in text or ";" in text:
        raise ValueError("these are two mail addresses in one: a person has one, put a list into the mail server")
    mailbox, _, domain = text.partition("@")
    if not _MAILBOX.fullmatch(mailbox) or not _DOMAIN.fullmatch(domain) or len(text) > _LONGEST_MAIL:
        raise ValueError("this is not a mail address: write it as in wang.fang@bank.example")
    return text
