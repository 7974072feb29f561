"""E-mail, through the SMTP server that is set.

It uses Python's smtplib and not Dagster's e-mail sensor, which reports every failed run, retries
included, and nothing else.
"""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from ipaddress import ip_address
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import (
    SECONDS,
    ChannelError,
    MaybeToldError,
    PartlyToldError,
)
from credits_pipeline.core.hidden import without
from credits_pipeline.core.settings import ALERT_EMAIL, ALERT_SMTP, SettingError

NAME, SETTINGS = "email", (ALERT_EMAIL, ALERT_SMTP)
_PORTS = {"smtp": 587, "smtps": 465}
_LIKE = "smtp://user:password@smtp.example.com:587?from=credits@example.com"


@dataclass(frozen=True)
class Server:
    """An SMTP server, as described by its address.

    Attributes:
        host: its name.
        port: its port.
        tls: from the first byte on; otherwise by STARTTLS, except on this machine.
        user: to log in as; empty for none.
        password: of the user.
        sender: the address that the messages come from.
    """

    host: str
    port: int
    tls: bool
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``smtp://user:password@host:port?from=address``, or ``smtps://…``.

        Raises:
            ValueError: it is not of that form.
        """
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            # The error's own text contains a part of a password that is not escaped.
            raise ValueError(f"it is an address such as {_LIKE}") from None
        user = unquote(url.username or "")
        sender = (parse_qs(url.query).get("from") or [user])[0]
        if url.scheme not in _PORTS or not url.hostname:
            raise ValueError(f"it is an address such as {_LIKE}")
        if not is_address(sender):
            raise ValueError(f"it does not say who the messages are from: {_LIKE}")
        password = unquote(url.password or "")
        if not (user.isascii() and password.isascii()):
            raise ValueError("its user or password has a character that no SMTP login can carry")
        return cls(
            host=url.hostname,
            port=port or _PORTS[url.scheme],
            tls=url.scheme == "smtps",
            user=user,
            password=password,
            sender=sender,
        )

    def open(self) -> smtplib.SMTP:
        """A connection that is ready to send.

        Raises:
            OSError: there is none, or it is not trusted.
            SMTPException: the server refuses.
        """
        trusted = ssl.create_default_context()
        if self.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=SECONDS, context=trusted
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            if not self.tls and not _is_here(self.host):
                smtp.starttls(context=trusted)
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def take(self, message: EmailMessage, to: Sequence[str], title: str) -> Mapping[str, object]:
        """Send a message; the addresses that were refused, where others were not.

        Args:
            message: whole.
            to: addresses.
            title: what errors call it.

        Raises:
            ChannelError: it was not taken.
            MaybeToldError: nobody knows whether it was.
        """
        kind, what = ChannelError, "did not accept the e-mail"
        try:
            smtp = self.open()
            try:
                refused = smtp.send_message(message, to_addrs=list(to))
                # It is taken, however the server says goodbye.
                with suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
            except smtplib.SMTPServerDisconnected:
                kind = MaybeToldError
                raise
            except smtplib.SMTPException:
                raise
            except OSError:
                kind = MaybeToldError
                raise
            finally:
                smtp.close()
        except (smtplib.SMTPException, OSError) as error:
            if kind is MaybeToldError:
                what = "broke off, and may have accepted the e-mail"
            told = without(said(error), self.password, f"\0{self.user}\0{self.password}")
            raise kind(
                f"{self.host} {what} “{title}”: {told}. What to do: if this persists, check that "
                f"{ALERT_SMTP.name} is right."
            ) from None
        return refused


@dataclass(frozen=True)
class Mail:
    """A list of recipients, and the server that takes messages for them."""

    server: Server
    to: tuple[str, ...]
    name: str = NAME

    def send(self, alert: Alert, ui: str) -> None:
        """See `Channel.send`."""
        refused = self.server.take(self._message(alert, ui), self.to, alert.title)
        if refused:
            raise PartlyToldError(
                f"{self.server.host} accepted the e-mail “{alert.title}”, but not for "
                f"{', '.join(sorted(refused))}. What to do: correct {ALERT_EMAIL.name}."
            )

    def _message(self, alert: Alert, ui: str) -> EmailMessage:
        # No folded headers: some readers show a folded one with a leading space.
        message = EmailMessage(policy.default.clone(max_line_length=998))
        message["Subject"] = f"[credits] {alert.title}"
        message["From"] = self.server.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.server.sender.rpartition("@")[2])
        # Keeps out-of-office replies away.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{alert.text(ui)}\n")
        return message


def configured() -> Mail | None:
    """The channel as it is set; None if it is not.

    Raises:
        SettingError: its settings can't be used, or one of the two is missing.
    """
    to = ALERT_EMAIL.read(addresses)
    if not to:
        return None
    if not ALERT_SMTP.text():
        raise SettingError(
            f"{ALERT_EMAIL.name} is set and {ALERT_SMTP.name} is not. {ALERT_SMTP.meaning}"
        )
    return Mail(ALERT_SMTP.read(Server.parse), to)


def addresses(text: str) -> tuple[str, ...]:
    """A parser of e-mail addresses with commas between them.

    Raises:
        ValueError: one of them is not an e-mail address.
    """
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in found:
        if not is_address(one):
            raise ValueError(f"{one!r} is not an e-mail address")
    return found


def is_address(text: str) -> bool:
    """Whether a text is one plain e-mail address."""
    return parseaddr(text)[1] == text and text.isprintable() and text.count("@") == 1


def said(error: Exception) -> str:
    """What a server answered, without what was sent to it."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        words = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
        return f"{error.smtp_code} {words.rstrip('.')}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it refused {', '.join(sorted(error.recipients))}"
    return f"{type(error).__name__}: {error}".rstrip(".")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
