"""Pages as mail."""

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import ValidationError

from ebank_sentinel.errors import DeliveryError
from ebank_sentinel.paging.channel import Channel
from ebank_sentinel.paging.settings import ChannelSettings
from support.certificates import Authority
from support.channels import channel
from support.pages import message, page
from support.smtp_receiver import SmtpReceiver

TO = "wang.fang@bank.example"


def mail(server: SmtpReceiver, folder: Path, **settings: object) -> Channel:
    given = {"host": "127.0.0.1", "port": server.port, "sender": "sentinel@bank.example"}
    given["timeout"] = timedelta(seconds=2)
    return channel({"email": given | settings}, folder, {"password": "geheim"})


async def sent(folder: Path, text: str = "登录失败", subject: str = "", **settings: object) -> EmailMessage:
    """One mail, as its receiver parses it."""
    wording = message(text)
    if subject:
        wording = type(wording)(short=text, subject=subject, body=wording.body, thread=wording.thread)
    async with SmtpReceiver().serve() as server:
        await mail(server, folder, **settings).send(page(address=TO, wording=wording))
        (arrived,) = server.mails
        return arrived


async def refusal(server: SmtpReceiver, folder: Path, **settings: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        await mail(server, folder, **settings).send(page(address=TO))
    return refused.value


async def test_a_mail_says_who_what_and_that_a_program_wrote_it(tmp_path: Path) -> None:
    arrived = await sent(tmp_path)
    assert arrived["From"] == "sentinel@bank.example"
    assert arrived["To"] == TO
    assert arrived["Subject"] == "[二级] 登录失败 全行 03:09起 #4821"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["X-Ebank-Sentinel-Page"] == page(address=TO).id
    assert arrived["Message-ID"] == f"<{page(address=TO).id}@bank.example>"
    assert arrived["Date"].datetime.tzinfo is not None
    assert arrived.get_content().splitlines() == ["登录失败", "", "为何发给您: 测试"]


async def test_mails_of_one_incident_share_a_root_and_those_of_another_do_not(tmp_path: Path) -> None:
    async with SmtpReceiver().serve() as server:
        over = mail(server, tmp_path)
        await over.send(page(address=TO))
        await over.send(page(address=TO, step="resolved"))
        wording = message()
        other = type(wording)(short="", subject="x", body="x", thread="another")
        await over.send(page(address=TO, cause="another", wording=other))
        alarm, clear, another = server.mails
    assert alarm["References"] == alarm["In-Reply-To"] == clear["References"] != another["References"]
    assert alarm["Message-ID"] != clear["Message-ID"]


@pytest.mark.parametrize(
    "evil", ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\ud800"]
)
async def test_no_character_in_a_subject_costs_a_mail_or_makes_a_header(tmp_path: Path, evil: str) -> None:
    arrived = await sent(tmp_path, subject=f"登录{evil}Bcc: x@y.example")
    assert arrived["Subject"] == "登录 Bcc: x@y.example"
    assert "Bcc" not in arrived
    assert len(arrived.get_all("Subject", [])) == 1


async def test_a_very_long_chinese_subject_arrives_cut_but_readable(tmp_path: Path) -> None:
    assert (await sent(tmp_path, subject="登录失败" * 200))["Subject"] == "登录失败" * 50


async def test_an_empty_subject_is_none_that_a_filter_would_drop(tmp_path: Path) -> None:
    assert (await sent(tmp_path, subject="\u202e"))["Subject"] == "ebank-sentinel"


async def test_a_body_with_lone_dots_and_surrogates_arrives(tmp_path: Path) -> None:
    arrived = await sent(tmp_path, text="a\n.\n..\n\ud800b")
    assert arrived.get_content().splitlines()[:4] == ["a", ".", "..", "?b"]


@pytest.mark.parametrize("answer", ["to_mail", "to_rcpt", "to_data"])
@pytest.mark.parametrize(("said", "permanent"), [("450 4.2.1 busy", False), ("552 5.2.2 full", True)])
async def test_4xx_is_for_now_and_5xx_for_good_wherever_it_is_said(
    tmp_path: Path,
    answer: str,
    said: str,
    permanent: bool,
) -> None:
    server = SmtpReceiver()
    setattr(server, answer, said)
    async with server.serve():
        error = await refusal(server, tmp_path)
    assert error.permanent == permanent
    assert said in str(error)


async def test_the_servers_id_for_the_mail_is_kept(tmp_path: Path) -> None:
    async with SmtpReceiver().serve() as server:
        assert "queued as 4XYZ" in await mail(server, tmp_path).send(page(address=TO))


async def test_a_refused_password_is_for_now_because_an_operator_can_mend_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = SmtpReceiver()
    server.users = {"sentinel": "another"}
    async with server.serve(starttls=authority.sign("127.0.0.1").server(), auth=True):
        error = await refusal(
            server,
            tmp_path,
            tls="starttls",
            ca=str(authority.file),
            user="sentinel",
            password={"file": "password"},
        )
    assert not error.permanent
    assert "user or password is refused: 535" in str(error)


async def test_a_server_that_wants_a_login_first_is_for_now_too(tmp_path: Path) -> None:
    server = SmtpReceiver()
    server.to_mail = "530 5.7.0 authentication required"
    async with server.serve():
        assert not (await refusal(server, tmp_path)).permanent


async def test_tls_from_the_start_works_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with SmtpReceiver().serve(implicit=authority.sign("127.0.0.1").server()) as server:
        await mail(server, tmp_path, tls="implicit", ca=str(authority.file)).send(page(address=TO))
        assert server.in_clear == [False]


async def test_nothing_goes_out_in_clear_when_the_server_offers_no_tls(tmp_path: Path) -> None:
    async with SmtpReceiver().serve() as server:
        error = await refusal(server, tmp_path, tls="starttls")
        assert not error.permanent
        assert "STARTTLS" in str(error)
        assert not server.mails


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_nothing_goes_out_to_a_server_whose_certificate_is_not_trusted(tmp_path: Path, tls: str) -> None:
    shown = Authority(tmp_path, "Somebody Else").sign("127.0.0.1").server()
    starttls, implicit = (shown, None) if tls == "starttls" else (None, shown)
    async with SmtpReceiver().serve(starttls=starttls, implicit=implicit) as server:
        error = await refusal(server, tmp_path, tls=tls, ca=str(Authority(tmp_path, "Ours").file))
        assert not error.permanent
        assert "certificate is not trusted" in str(error)
        assert not server.mails


async def test_nothing_goes_out_to_a_server_with_another_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with SmtpReceiver().serve(starttls=authority.sign("mail.other.example").server()) as server:
        error = await refusal(server, tmp_path, tls="starttls", ca=str(authority.file))
        assert "certificate is not trusted" in str(error)
        assert not server.mails


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    server = SmtpReceiver()
    async with server.serve():
        pass
    error = await refusal(server, tmp_path)
    assert not error.permanent
    assert f"127.0.0.1:{server.port}: no connection" in str(error)


async def test_a_mail_is_taken_even_when_the_server_is_slow_to_say_goodbye(tmp_path: Path) -> None:
    class Rude(SmtpReceiver):
        async def handle_QUIT(self, *_arguments: object) -> str:  # noqa: N802 - aiosmtpd finds it by this name
            return "554 no"

    async with Rude().serve() as server:
        assert await mail(server, tmp_path).send(page(address=TO))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tls": "none", "host": "mail.bank.example"}, "allowed to this machine alone"),
        ({"sender": "a@b.example\r\nBcc: c@d.example"}, "one mail address"),
        ({"sender": "a@b.example, c@d.example"}, "one mail address"),
        ({"user": "sentinel"}, "give both"),
        ({"host": "mail bank"}, "a host or an IP address alone"),
        ({"host": "hunter2@mail"}, "a host or an IP address alone"),
        ({"host": "u:hunter2"}, "a host or an IP address alone"),
        ({"host": "mail:587"}, "user and port are other keys"),
        ({"host": "mail\n"}, "a host or an IP address alone"),
        ({"port": 0}, "port"),
        ({"password": "geheim"}, "never written inline"),
    ],
)
def test_settings_that_do_not_hold_are_refused(settings: dict[str, object], said: str) -> None:
    given = {"host": "127.0.0.1", "sender": "sentinel@bank.example"} | settings
    with pytest.raises(ValidationError, match=said):
        ChannelSettings.model_validate({"email": given})


@pytest.mark.parametrize(
    ("host", "security"), [("127.0.0.1", "none"), ("localhost", "none"), ("mail.bank.example", "starttls")]
)
def test_tls_is_asked_for_unless_the_server_is_this_machine(host: str, security: str) -> None:
    settings = ChannelSettings.model_validate({"email": {"host": host, "sender": "a@bank.example"}}).settings
    assert getattr(settings, "security") == security  # noqa: B009 - of this kind alone


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"authorities in .*missing\.pem: No such file"):
        mail(SmtpReceiver(), tmp_path, port=25, tls="starttls", ca="missing.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ValueError, match="no certificates in PEM"):
        mail(SmtpReceiver(), tmp_path, port=25, tls="starttls", ca="empty.pem")
