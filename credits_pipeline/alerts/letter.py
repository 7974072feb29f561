"""A letter: an e-mail to some people with files, through the SMTP server that alerts use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import formatdate

from credits_pipeline.alerts.channel import ChannelError, PartlyToldError
from credits_pipeline.alerts.channels.mail import Server, is_address
from credits_pipeline.core.settings import ALERT_SMTP
from credits_pipeline.text import Outside, Plain

_KINDS = {"pdf": ("application", "pdf"), "csv": ("text", "csv")}
_LONGEST_SUBJECT = 300


@dataclass(frozen=True)
class Letter:
    """One e-mail.

    Attributes:
        id: the same whenever the same letter is sent, so that mail programs show it once.
        to: addresses.
        subject: one line.
        text: plain, in lines.
        files: what is attached, by name.
    """

    id: str
    to: tuple[str, ...]
    subject: Outside
    text: Outside
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    """Sends letters.

    Attributes:
        server: takes them.
    """

    server: Server

    def send(self, letter: Letter) -> None:
        """Send one letter.

        Raises:
            ChannelError: it was not taken; nobody got it.
            MaybeToldError: nobody knows whether it was taken.
            PartlyToldError: it was taken, but not for all.
        """
        subject = letter.subject.line(_LONGEST_SUBJECT)
        wrong = [one for one in letter.to if not is_address(one)]
        if wrong:
            raise ChannelError(
                f"“{subject}” was not sent: {wrong[0]!r} is not an e-mail address. What to do: "
                "correct it."
            )
        refused = self.server.take(self._message(letter), letter.to, subject)
        if refused:
            raise PartlyToldError(
                f"{self.server.host} accepted the e-mail “{subject}”, but not for "
                f"{', '.join(sorted(refused))}. What to do: correct the address."
            )

    def _message(self, letter: Letter) -> EmailMessage:
        # No folded headers: some readers show a folded one with a leading space.
        message = EmailMessage(policy.default.clone(max_line_length=998))
        message["Subject"] = letter.subject.line(_LONGEST_SUBJECT)
        message["From"] = self.server.sender
        message["To"] = ", ".join(letter.to)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{letter.id}@{self.server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{letter.text.lines()}\n")
        for name, content in letter.files.items():
            kind, sub = _KINDS.get(name.rpartition(".")[2], ("application", "octet-stream"))
            message.add_attachment(
                content, maintype=kind, subtype=sub, filename=Plain.render(Outside(name)).text
            )
        return message


def configured_post() -> Post | None:
    """The server as it is set; None if it is not.

    Raises:
        SettingError: it can't be used.
    """
    return Post(ALERT_SMTP.read(Server.parse)) if ALERT_SMTP.text() else None
