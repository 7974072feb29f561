"""Each channel against a real server: what arrives, what is refused, and what an error shows."""

import ssl
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import ChannelError, PartlyToldError
from credits_pipeline.alerts.channels import configured, sns
from credits_pipeline.alerts.channels.mail import Mail, Server
from credits_pipeline.alerts.channels.slack import Slack
from credits_pipeline.core.hidden import without
from credits_pipeline_tests.alerts.conftest import Controller, Mailbox, Topic, Webhook

UI = "https://dagster.example.com"
ALERT = Alert(
    subject="month 2025-01",
    cause="c",
    about="2025-01",
    state="blocked, nothing was sent",
    what="Line 5 '<!channel> & co' can't be read.",
    to_do="Upload a corrected file.",
    dollars="$202,487.80 in the file.",
    run_id="8c0f",
)


def test_slack_gets_its_markup_and_no_markup_of_a_file(webhook: Webhook) -> None:
    Slack(webhook.url).send(ALERT, UI)
    (text,) = webhook.taken
    assert text == (
        "*2025-01: blocked, nothing was sent*\n"
        "*What happened:* Line 5 '&lt;!channel&gt; &amp; co' can't be read.\n"
        "*Dollars:* $202,487.80 in the file.\n"
        "*What to do:* Upload a corrected file.\n"
        "<https://dagster.example.com/runs/8c0f|Open the run>"
    )


def test_without_the_ui_s_address_the_run_is_named(webhook: Webhook) -> None:
    Slack(webhook.url).send(ALERT, "")
    assert webhook.taken[0].endswith("\nRun 8c0f")


@pytest.mark.parametrize(("status", "says"), [(404, "404 no_service"), (500, "500"), (302, "302")])
def test_what_slack_refuses_is_said_without_its_address(
    webhook: Webhook, status: int, says: str
) -> None:
    webhook.answers = [status]
    with pytest.raises(ChannelError, match=says) as caught:
        Slack(webhook.url).send(ALERT, UI)
    assert "secret-4c1e" not in f"{caught.value!r}{caught.value}{Slack(webhook.url)!r}"
    assert webhook.asked == 1


@pytest.mark.parametrize(
    "echo",
    [
        "POST {path} is not known",
        "no {url}",
        "<title>{path}</title>" * 100,
        "T0-B0 and secret-4c1e, " * 100,
        "%2Fservices%2FT0%2FB0%2Fsecret-4c1e",
        "x" * 190 + "{url}",
    ],
)
def test_what_slack_repeats_of_its_address_is_not_shown(webhook: Webhook, echo: str) -> None:
    path = "/services/T0/B0/secret-4c1e"
    webhook.answers, webhook.says = [404], echo.format(path=path, url=webhook.url)
    with pytest.raises(ChannelError, match="404") as caught:
        Slack(webhook.url).send(ALERT, UI)
    assert "secret" not in str(caught.value).replace("[secret]", "")


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_spelling_of_a_secret_is_left_in_a_text(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after} {quote(secret)}"
    left = without(text, secret)
    assert secret not in left.replace("[secret]", "") or secret in "[secret]"


@pytest.mark.parametrize("password", ["pässwort", "пароль", "p\u2028w", "%C3%A4"])
def test_a_password_that_no_login_carries_is_said_as_it_is_set_and_not_shown(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "a@example.com")
    monkeypatch.setenv("CREDITS_ALERT_SMTP", f"smtp://u:{password}@127.0.0.1:9?from=c@example.com")
    channels, wrong = configured()
    assert channels == []
    (said,) = wrong
    assert "no SMTP login can carry" in said
    assert password not in said


def test_slack_that_can_not_be_reached_is_said_without_its_address() -> None:
    channel = Slack("http://127.0.0.1:9/services/T0/B0/secret-4c1e")
    with pytest.raises(ChannelError, match="ConnectError") as caught:
        channel.send(ALERT, UI)
    assert "secret-4c1e" not in f"{caught.value!r}{caught.value}"


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks..com/services/secret-4c1e",
        "https://hooks.example.com\x00/services/secret-4c1e",
        f"https://{'a' * 70}.example.com/services/secret-4c1e",
    ],
)
def test_an_address_that_slack_s_client_can_not_use_stops_no_other_channel(address: str) -> None:
    with pytest.raises(
        ChannelError, match=r"did not accept .*: (InvalidURL|Unicode(Encode)?Error)\."
    ) as caught:
        Slack(address).send(ALERT, UI)
    assert "secret-4c1e" not in "".join(traceback.format_exception(caught.value))


def test_a_network_s_own_error_is_said_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def stream(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError("/secret-4c1e")

    monkeypatch.setattr(httpx, "stream", stream)
    with pytest.raises(ChannelError, match=r": FileNotFoundError\.") as caught:
        Slack("https://hooks.example.com/services/x").send(ALERT, UI)
    assert "secret-4c1e" not in "".join(traceback.format_exception(caught.value))


def mail(port: int, *to: str) -> Mail:
    return Mail(Server.parse(f"smtp://127.0.0.1:{port}?from=credits@example.com"), to)


def test_an_e_mail_comes_as_plain_text_to_everybody(mailbox: Mailbox) -> None:
    mail(mailbox.port, "a@example.com", "b@example.com").send(ALERT, UI)
    (message,) = mailbox.taken
    assert message["Subject"] == "[credits] 2025-01: blocked, nothing was sent"
    assert message["From"] == "credits@example.com"
    assert message["To"] == "a@example.com, b@example.com"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == [
        "What happened: Line 5 '<!channel> & co' can't be read.",
        "",
        "Dollars: $202,487.80 in the file.",
        "",
        "What to do: Upload a corrected file.",
        "",
        "Run: https://dagster.example.com/runs/8c0f",
    ]
    assert mailbox.to == [["a@example.com", "b@example.com"]]


def test_a_text_with_line_ends_breaks_no_header(mailbox: Mailbox) -> None:
    odd = Alert("s", "c", about="2025-01\r\nBcc: x@example.com", state="bad\u2028", what="x")
    mail(mailbox.port, "a@example.com").send(odd, UI)
    (message,) = mailbox.taken
    assert message["Bcc"] is None
    assert message["Subject"].startswith("[credits] 2025-01 Bcc: x@example.com: bad")


def test_one_refused_address_is_reported_and_the_others_get_the_message(mailbox: Mailbox) -> None:
    mailbox.refuse = {"gone@example.com"}
    with pytest.raises(PartlyToldError, match=r"not for gone@example\.com"):
        mail(mailbox.port, "a@example.com", "gone@example.com").send(ALERT, UI)
    assert mailbox.to == [["a@example.com"]]


@pytest.mark.parametrize("refused", ["all addresses", "the message"])
def test_a_server_that_takes_nothing_is_said(mailbox: Mailbox, refused: str) -> None:
    if refused == "all addresses":
        mailbox.refuse = {"a@example.com"}
    else:
        mailbox.answer = "554 not today"
    says = "it refused a@example.com" if refused == "all addresses" else "554 not today"
    with pytest.raises(ChannelError, match=says):
        mail(mailbox.port, "a@example.com").send(ALERT, UI)
    assert mailbox.taken == []


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(ChannelError, match=r"127\.0\.0\.1 did not accept the e-mail.*refused"):
        mail(9, "a@example.com").send(ALERT, UI)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine with its key, which nobody trusts yet."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail for tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_it_logs_in_over_tls_and_trusts_nobody_by_itself(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Mailbox()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        right = isinstance(data, LoginPassword) and data.password == b"p@ss/word"
        return AuthResult(success=right, handled=False)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls,
        authenticator=authenticator,
        auth_require_tls=False,
    )
    controller.start()
    port = controller.port
    try:
        address = "smtps://credits%40example.com:{}@127.0.0.1:{}"
        channel = Mail(Server.parse(address.format("p%40ss%2Fword", port)), ("a@example.com",))
        with pytest.raises(ChannelError, match="CERTIFICATE_VERIFY_FAILED"):
            channel.send(ALERT, UI)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        wrong = Mail(Server.parse(address.format("guess", port)), ("a@example.com",))
        with pytest.raises(ChannelError, match="535") as caught:
            wrong.send(ALERT, UI)
        assert "guess" not in f"{caught.value}{wrong!r}"
        channel.send(ALERT, UI)
    finally:
        controller.stop()
    assert box.taken[0]["From"] == "credits@example.com"


def test_a_server_elsewhere_must_offer_tls(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test's server has none, so it must look like another machine."""
    from credits_pipeline.alerts.channels import mail as module

    monkeypatch.setattr(module, "_is_here", lambda _: False)
    with pytest.raises(ChannelError, match="STARTTLS extension not supported"):
        mail(mailbox.port, "a@example.com").send(ALERT, UI)


def test_a_topic_s_queue_gets_the_message(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SNS", topic.arn)
    channel = sns.configured()
    assert channel is not None
    channel.send(ALERT, UI)
    (got,) = topic.taken()
    assert got["Subject"] == "[credits] 2025-01: blocked, nothing was sent"
    assert got["Message"] == f"{ALERT.title}\n\n{ALERT.text(UI)}"
    assert "'<!channel> & co'" in got["Message"]


def test_a_topic_that_is_not_there_is_named(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SNS", f"{topic.arn}-misspelt")
    channel = sns.configured()
    assert channel is not None
    with pytest.raises(ChannelError, match=r"-misspelt did not accept .*NotFound.*sns:Publish"):
        channel.send(ALERT, UI)


RIGHT = {
    "CREDITS_ALERT_SLACK": "https://hooks.slack.com/services/T0/B0/s3cr3t",
    "CREDITS_ALERT_EMAIL": "a@example.com, b@example.com",
    "CREDITS_ALERT_SMTP": "smtps://user:s3cr3t@smtp.example.com?from=credits@example.com",
    "CREDITS_ALERT_SNS": "arn:aws:sns:eu-central-1:123456789012:credits",
}


@pytest.mark.parametrize("names", [[], ["CREDITS_ALERT_SLACK"], ["CREDITS_ALERT_SNS"], list(RIGHT)])
def test_settings_turn_channels_on(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names:
        monkeypatch.setenv(name, RIGHT[name])
    channels, wrong = configured()
    assert wrong == []
    kinds = {"CREDITS_ALERT_SLACK": "slack", "CREDITS_ALERT_EMAIL": "email"} | {
        "CREDITS_ALERT_SNS": "sns"
    }
    assert [c.name for c in channels] == [kinds[name] for name in names if name in kinds]
    assert "s3cr3t" not in repr(channels)


WRONG: list[tuple[str, str, str]] = [
    ("CREDITS_ALERT_SLACK", "http://hooks.slack.com/s3cr3t", "begins with https://"),
    ("CREDITS_ALERT_SLACK", "hooks.slack.com/s3cr3t", "begins with https://"),
    ("CREDITS_ALERT_EMAIL", "a@example.com; b@example.com", "is not an e-mail address"),
    ("CREDITS_ALERT_EMAIL", "Ann <a@example.com>", "is not an e-mail address"),
    ("CREDITS_ALERT_SMTP", "", "CREDITS_ALERT_SMTP is not"),
    ("CREDITS_ALERT_SMTP", "smtp.example.com:587", "an address such as smtp://"),
    ("CREDITS_ALERT_SMTP", "smtp://user:s3cr3t@smtp.example.com", "who the messages are from"),
    ("CREDITS_ALERT_SNS", "credits", "an ARN such as"),
]


@pytest.mark.parametrize(("name", "text", "says"), WRONG)
def test_a_setting_that_can_not_be_used_is_named_and_stops_no_other_channel(
    name: str, text: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other, value in RIGHT.items():
        monkeypatch.setenv(other, value)
    monkeypatch.setenv(name, text)
    channels, wrong = configured()
    assert len(channels) == 2
    (told,) = wrong
    assert name in told
    assert says in told
    assert "s3cr3t" not in told


@pytest.mark.parametrize(
    "password", ["s3cr3t/word", "s3cr3t[word", "s3cr3t]word", "[s3cr3t]", "s3cr3t#x", "s3cr3t?x"]
)
def test_a_password_that_is_not_escaped_is_not_shown(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"smtp://user:{password}@smtp.example.com?from=credits@example.com"
    with pytest.raises(ValueError, match="an address such as smtp://") as caught:
        Server.parse(address)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "a@example.com")
    monkeypatch.setenv("CREDITS_ALERT_SMTP", address)
    channels, (told,) = configured()
    assert channels == []
    assert "an address such as smtp://" in told
    assert "s3cr3t" not in told


def test_each_channel_waits_for_a_server_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts the connection and never answers."""
    import socket

    from credits_pipeline.alerts.channels import mail as mails
    from credits_pipeline.alerts.channels import slack as slacks

    monkeypatch.setattr(mails, "SECONDS", 0.2)
    monkeypatch.setattr(slacks, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        sends: list[Callable[[], None]] = [
            lambda: mail(port, "a@example.com").send(ALERT, UI),
            lambda: Slack(f"http://127.0.0.1:{port}/x").send(ALERT, UI),
        ]
        for send in sends:
            with pytest.raises(ChannelError, match=r"(?i)time"):
                send()
