"""Where a probe may connect to, as a file writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.probes.place import (
    Address,
    check_address_template,
    check_url,
    check_url_template,
    fill,
    parse_address,
    placeholders,
)

GOOD_URLS = [
    "http://ebank.example",
    "https://ebank.example:8443/health?full=1",
    "HTTP://10.1.2.3/",
    "http://[fd00::1]:8080/x",
    "http://atm_7.branch.bank/",
    "http://xn--fiqs8s.example./",
    "http://127.0.0.1:9090/a%20b",
]

BAD_URLS = {
    "file:///etc/passwd": "http:// or https://",
    "gopher://x/": "http:// or https://",
    "ebank.example": "http:// or https://",
    "http://": "host is missing",
    "http:///x": "host is missing",
    "http://user:hunter2@ebank.example/": "no user and password",
    "http://user:hunter2@ebank\u2100.example/": "not a URL",  # a letter that becomes a/c
    "http://ebank.example:0/": "1 to 65535",
    "http://ebank.example:70000/": "1 to 65535",
    "http://ebank.example:/": "1 to 65535",
    "http://ebank.example:8o/": "1 to 65535",
    "http://127.1/": "odd way",
    "http://0x7f.1/": "odd way",
    "http://2130706433/": "odd way",
    "http://0177.0.0.1/": "odd way",
    "http://127.0.0.1./": "odd way",
    "http://[fe80::1%25eth0]/": "no zone",
    "http://[::1/": "not a URL",
    "http://fd00::1/": "brackets",
    "http://ebаnk.example/": "xn-- form",  # a Cyrillic letter
    "http://例子.example/": "xn-- form",
    "http://a b.example/": "spaces",
    "http://ebank.example\\@evil/": "backslashes",
    "http://ebank.example/\n": "spaces",
    "http://-bank.example/": "not a host name",
    "http://a..b/": "not a host name",
    "http://ebank.example/#top": "fragment",
    "http://169.254.169.254/latest": "metadata",
    "http://100.100.100.200/": "metadata",
    "http://[fd00:ec2::254]/": "metadata",
    "http://[FD00:0EC2:0::254]/": "metadata",
    "http://[::ffff:169.254.169.254]/": "metadata",
}


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_plain_url_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(("url", "reason"), BAD_URLS.items())
def test_a_url_that_programs_read_in_two_ways_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        check_url(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("core.bank:1521", Address("core.bank", 1521)),
        ("10.0.0.1:1", Address("10.0.0.1", 1)),
        ("[fd00::1]:65535", Address("fd00::1", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["core.bank", "core.bank:", ":80", "core.bank:0", "a:65536", "a:-1", "fd00::1:80", "a:٣"]
)
def test_an_address_without_either_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port|brackets"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    ["hunter2@core.bank:1", "u:hunter2@core.bank:1", "hünter2:hunter2@core.bank:1", "[u:hunter2@core.bank]:1"],
)
def test_a_password_in_an_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="no user and password") as refused:
        parse_address(text)
    assert "hunter2" not in str(refused.value)


def test_placeholders_are_filled_from_labels() -> None:
    assert placeholders("http://{address}/atm/{terminal}?q={{x}}") == {"address", "terminal"}
    filled = fill("http://{address}/atm/{terminal}?q={{x}}", {"address": "10.1.1.1:80", "terminal": "A1"})
    assert filled == "http://10.1.1.1:80/atm/A1?q={x}"


@pytest.mark.parametrize(
    "value",
    ["", "a/b", "a@b", "a b", "a\tb", "a\nb", "a\0b", "a?b", "a#b", "a\\b", "..", ".", "%2e", "a\u202eb", "{x}"],
)
def test_a_value_that_would_change_what_is_asked_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="host"):
        fill("http://{host}/", {"host": value})


@pytest.mark.parametrize("template", ["http://{a b}/", "http://{}/", "http://{a", "http://a}/", "http://{0}/"])
def test_braces_that_are_no_placeholder_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match="placeholder"):
        check_url_template(template)


def test_a_placeholder_decides_neither_scheme_nor_user() -> None:
    with pytest.raises(ValueError, match="must begin with"):
        check_url_template("{scheme}://ebank.example/")
    with pytest.raises(ValueError, match="no user and password"):
        check_url_template("http://{user}@ebank.example/")
    assert check_url_template("http://{address}/status") == "http://{address}/status"
    assert check_address_template("{host}:443") == "{host}:443"


@given(st.text(max_size=40))
def test_checking_any_text_gives_a_sentence_and_never_crashes(text: str) -> None:
    for check in (check_url, check_url_template, check_address_template, parse_address):
        reason = "fine"
        try:
            check(text)
        except ValueError as error:
            reason = str(error)
        assert reason


@given(st.text(max_size=20))
def test_a_filled_value_never_changes_the_host(value: str) -> None:
    try:
        filled = fill("http://ebank.example/atm/{terminal}/status", {"terminal": value})
        check_url(filled)
    except ValueError:
        return
    assert filled == f"http://ebank.example/atm/{value}/status"
    assert not set(value) & set("/@?#\\% \n")
