"""The environment variables: what each means, its default, and how it is parsed on first use.

`VARIABLES` is the only list; a test compares the documentation and ``.env.example`` with it.
AWS credentials and endpoints belong to the AWS SDK and are not listed here.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from credits_pipeline.core.hidden import without_secrets
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.overrides import value_of, variable_of

T = TypeVar("T")
#: Without what ends a link in one of the markups that links are put into.
_WEB = re.compile(r"https?://[^\s/?#()<>\\|\"'`^{}]+[^\s?#()<>\\|\"'`^{}]*")
#: A century. A larger number is a mistake, and would overflow the calendar.
_MOST_DAYS = 36_500
_SHORTEST_MONTH = 28


class SettingError(Exception):
    """A variable is missing or can't be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Variable:
    """One variable of the environment.

    Attributes:
        name: as exported.
        default: the text used where it is not set; None where there is no default.
        meaning: one sentence for people.
        secret: never shown.
    """

    name: str
    default: str | None
    meaning: str
    secret: bool = False

    def text(self) -> str:
        """The value as text.

        Raises:
            SettingError: it is not set and has no default.
        """
        value = value_of(self.name) or self.default
        if value is None:
            name = variable_of(self.name)
            raise SettingError(f"{name} is not set. {self.meaning} Set it and try again.")
        return value

    def read(self, parse: Callable[[str], T]) -> T:
        """The value, parsed.

        Raises:
            SettingError: it is not set, or `parse` refuses it with a ValueError.
        """
        text = self.text()
        try:
            return parse(text)
        except ValueError as error:
            told = self.name if self.secret else f"{self.name}={without_secrets(text)!r}"
            raise SettingError(f"{told} can't be used: {error}. {self.meaning}") from None


STREAM = Variable(
    "CREDITS_STREAM",
    "",
    "Where several streams are components of dg: the folder of the one that a command is about, "
    "such as src/acme/defs/eu. Its YAML says all the rest.",
)
STREAM_NAME = Variable(
    "CREDITS_STREAM_NAME",
    "",
    "The name of the stream, where a code location has several: what build_definitions was given.",
)
KEY_PREFIX = Variable(
    "CREDITS_KEY_PREFIX",
    "",
    "What the keys of the assets begin with, such as finance or finance/credits.",
)
BUCKET = Variable("CREDITS_BUCKET", None, "The S3 bucket that credits files are uploaded to.")
PREFIX = Variable(
    "CREDITS_PREFIX", "", "What the keys of credits files start with, such as finops/."
)
STORAGE = Variable(
    "CREDITS_STORAGE",
    "",
    "Where the pipeline keeps what it made: a folder or s3://bucket/prefix, never inside the "
    "inbox. Default: $DAGSTER_HOME/credits, else .credits in the working directory.",
)
START_MONTH = Variable("CREDITS_START_MONTH", "2024-01", "The first month that has a partition.")
SENSOR_SECONDS = Variable(
    "CREDITS_SENSOR_SECONDS", "30", "Seconds between two checks of the inbox."
)
EVENTS_QUEUE = Variable(
    "CREDITS_EVENTS_QUEUE",
    "",
    "The URL of an SQS queue, for this pipeline alone, that receives the bucket's events: a file "
    "then starts its run at once, and the inbox is still listed as a safety net.",
)
AUTOMATION = Variable(
    "CREDITS_AUTOMATION",
    "on",
    "on starts the sensors with the daemon; off opens the UI without starting runs.",
)
ADOPT_DAYS = Variable(
    "CREDITS_ADOPT_DAYS",
    "7",
    "A file that was there before the pipeline starts a run if it is at most this many days old; "
    "older ones are only shown.",
)
DUPLICATES = Variable(
    "CREDITS_DUPLICATES", "first", "What to do with an account's second row: first, sum or reject."
)
SIGNS = Variable("CREDITS_SIGNS", "auto", "How signs are read: auto, as_is or flipped.")
UNKNOWN_ACCOUNTS = Variable(
    "CREDITS_UNKNOWN_ACCOUNTS",
    "skip",
    "What to do with accounts that CloudZero does not know: skip leaves them out until it knows "
    "them, send sends them.",
)
HOLD_TIMES = Variable(
    "CREDITS_HOLD_TIMES",
    "5",
    "A month is held for approval if its total and what CloudZero holds differ by more than this "
    "factor, up or down.",
)
HOLD_PERCENT = Variable(
    "CREDITS_HOLD_PERCENT",
    "50",
    "A month is held for approval if it would remove more than this percentage of the accounts, "
    "or of their dollars.",
)
UI_URL = Variable(
    "CREDITS_UI_URL",
    "",
    "Where people reach Dagster's UI, such as https://dagster.example.com: links in reports and "
    "alerts lead there. Without it only the UI's own pages have such links.",
)
PLAUSIBLE_PERCENT = Variable(
    "CREDITS_PLAUSIBLE_PERCENT",
    "50",
    "A month gets a warning if its total or number of accounts differs by more than this "
    "percentage from earlier months.",
)
PLAUSIBLE_MONTHS = Variable(
    "CREDITS_PLAUSIBLE_MONTHS",
    "6",
    "How many earlier verified months that compares with; their median counts as usual.",
)
OWNERS = Variable(
    "CREDITS_OWNERS",
    "",
    "Who owns the assets in Dagster's UI: e-mail addresses and teams as team:finance, separated "
    "by commas.",
)
DUE_DAY = Variable(
    "CREDITS_DUE_DAY",
    "10",
    "The day of the month, in UTC, from which an alert reports that last month's file has not "
    "come: 1 to 28, or off.",
)
ALERT_SLACK = Variable(
    "CREDITS_ALERT_SLACK",
    "",
    "The address of a Slack incoming webhook that alerts go to; it is a secret.",
    secret=True,
)
ALERT_EMAIL = Variable(
    "CREDITS_ALERT_EMAIL", "", "The e-mail addresses that alerts go to, separated by commas."
)
ALERT_SMTP = Variable(
    "CREDITS_ALERT_SMTP",
    "",
    "The SMTP server that takes the e-mails, such as "
    "smtp://user:password@smtp.example.com:587?from=credits@example.com (STARTTLS), or smtps:// "
    "on port 465. Special characters in user or password are percent-encoded.",
    secret=True,
)
ALERT_SNS = Variable("CREDITS_ALERT_SNS", "", "The ARN of an Amazon SNS topic that alerts go to.")
LOG_GROUP = Variable(
    "CREDITS_LOG_GROUP",
    "",
    "The CloudWatch Logs group that receives each run's line, besides standard output.",
)
MAX_BYTES = Variable("CREDITS_MAX_BYTES", "100000000", "The largest credits file, in bytes.")
MAX_RECORDS = Variable("CREDITS_MAX_RECORDS", "1000000", "The most records in a credits file.")
DESCRIPTION = Variable(
    "CREDITS_DESCRIPTION", "AWS promotional credit", "The lineitem/description of every row."
)
SERVICE = Variable("CREDITS_SERVICE", "AWSCredits", "The resource/service of every row.")
API_KEY = Variable(
    "CLOUDZERO_API_KEY", None, "CloudZero's API key, as it is, without 'Bearer'.", secret=True
)
CONNECTION_ID = Variable(
    "CLOUDZERO_CONNECTION_ID",
    None,
    "The id of the AnyCost Stream connection that belongs to this pipeline alone.",
)
SECRET = Variable(
    "CLOUDZERO_SECRET",
    "",
    "The AWS Secrets Manager secret, by name or ARN, that CLOUDZERO_API_KEY and "
    "CLOUDZERO_CONNECTION_ID are read from: JSON with fields of these names, or the key alone. "
    "Missing values come from the environment.",
)
BASE_URL = Variable(
    "CLOUDZERO_BASE_URL", "https://api.cloudzero.com", "Where CloudZero's API is reached."
)
BODY_BYTES = Variable(
    "CLOUDZERO_BODY_BYTES", "4500000", "The largest request body; CloudZero refuses above 5 MB."
)
COSTS_CALLS = Variable(
    "CLOUDZERO_COSTS_CALLS",
    "20",
    "The most calls of CloudZero's costs endpoint per day; CloudZero accepts 60 in all.",
)
DROP_SECONDS = Variable(
    "CLOUDZERO_DROP_SECONDS", "900", "The most seconds that one drop may take, including retries."
)
EXECUTOR = Variable(
    "CREDITS_EXECUTOR",
    "in_process",
    "Where the steps of a run are executed: in_process in the run's own process, multiprocess "
    "each in its own process, celery on the machines of Celery's workers.",
)
CELERY_BROKER = Variable(
    "CREDITS_CELERY_BROKER",
    "",
    "The Redis that hands steps to Celery's workers, such as redis://:password@host:6379/0; "
    "needed if CREDITS_EXECUTOR is celery.",
    secret=True,
)
CELERY_SECONDS = Variable(
    "CREDITS_CELERY_SECONDS",
    "7200",
    "After this many seconds of silence a step goes to another Celery worker: more than the "
    "longest step takes, including its wait for the stream.",
)

VARIABLES: tuple[Variable, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Variable)
)


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser that takes only the words given."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"it is one of {', '.join(allowed)}")
        return text

    return parse


def at_least(least: int, most: int = 10**12) -> Callable[[str], int]:
    """A parser of whole numbers from ``least`` up to ``most``, which nothing here exceeds."""

    def parse(text: str) -> int:
        digits = text.lstrip("0") or "0"
        if not (text.isascii() and text.isdigit() and len(digits) <= len(str(most))):
            raise ValueError(f"it is a whole number of at least {least}, and at most {most}")
        number = int(digits)
        if number < least:
            raise ValueError(f"it is a whole number of at least {least}")
        if number > most:
            raise ValueError(f"it is a whole number of at most {most}")
        return number

    return parse


def days(text: str) -> timedelta:
    """A parser of whole days."""
    return timedelta(days=at_least(0, _MOST_DAYS)(text))


def owners(text: str) -> tuple[str, ...]:
    """A parser of owners as Dagster takes them."""
    found = tuple(filter(None, (owner.strip() for owner in text.split(","))))
    for owner in found:
        if not re.fullmatch(r"team:\w+|[\w.+-]+@[\w-]+(\.[\w-]+)+", owner, re.ASCII):
            raise ValueError(
                f"{owner!r} is neither an e-mail address nor a team such as team:finance"
            )
    return found


def day_of_month(text: str) -> int | None:
    """A parser of a day that every month has; None for off."""
    if text == "off":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _SHORTEST_MONTH):
        raise ValueError(f"it is a day from 1 to {_SHORTEST_MONTH}, or off")
    return int(text)


def secure_url(text: str) -> str:
    """A parser of a URL, which may be empty: ``https://``, or ``http://`` on this machine."""
    if text and not re.fullmatch(r"(https://|http://(localhost|127\.0\.0\.1)(:\d+)?/)\S+", text):
        raise ValueError("it is an address that begins with https://")
    return text


def web_address(text: str) -> str:
    """A parser of the address of a web site, which may be empty; without a slash at its end.

    Links in letters, documents, chats and Markdown begin with it.
    """
    if text and not (_WEB.fullmatch(text) and text.isprintable()):
        raise ValueError("it is an address such as https://dagster.example.com")
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError(
            "it contains a user or a password, which everybody who gets a link would read; it is "
            "an address such as https://dagster.example.com"
        )
    return text.rstrip("/")


def redis_address(text: str) -> str:
    """A parser of the address of a Redis server, with or without TLS; never repeats it."""
    if not re.fullmatch(r"rediss?://\S+", text):
        raise ValueError("it is an address such as redis://:password@host:6379/0")
    return text


def key_prefix() -> tuple[str, ...]:
    """What the keys of the stream's assets begin with: its name, where nothing else is told."""
    parts = tuple(filter(None, KEY_PREFIX.text().split("/")))
    return parts or tuple(filter(None, [STREAM_NAME.text()]))


def storage_root() -> str:
    """Where the pipeline keeps what it made: ``CREDITS_STORAGE``, or its default.

    Raises:
        SettingError: it lies inside the inbox, where its files would be taken for credits files.
    """
    root = STORAGE.text()
    if not root:
        home = os.environ.get("DAGSTER_HOME", "").strip()
        return str(Path(home) / "credits") if home else str(Path.cwd() / ".credits")
    if root.startswith("s3://"):
        bucket, _, below = root.removeprefix("s3://").partition("/")
        inbox = value_of(BUCKET.name)
        folder = f"{below.strip('/')}/" if below.strip("/") else ""
        prefix = PREFIX.text()
        # Neither may lie inside the other, or the files of both would mix.
        if bucket == inbox and (folder.startswith(prefix) or prefix.startswith(folder)):
            raise SettingError(
                f"CREDITS_STORAGE={root} lies inside the inbox s3://{bucket}/{prefix}, or the "
                "inbox inside of it. Use another bucket, or give each a folder of its own: "
                f"CREDITS_STORAGE=s3://{bucket}/credits-storage and CREDITS_PREFIX=credits-files/."
            )
        return root
    return str(Path(root).expanduser().absolute())


@dataclass(frozen=True)
class Schedule:
    """What a code location must know when it loads.

    Attributes:
        start_month: the first partition.
        sensor_seconds: between two checks of the inbox.
        automation: whether sensors start with the daemon.
        adopt: how old a file may be and still start a run on a new installation.
        owners: of the assets, as the UI shows them.
        events_queue: the URL of the queue that receives the inbox's events; empty for none.
    """

    start_month: BillingMonth = field(default_factory=lambda: BillingMonth(2024, 1))
    sensor_seconds: int = 30
    automation: bool = True
    adopt: timedelta = timedelta(days=7)
    owners: tuple[str, ...] = ()
    events_queue: str = ""

    @classmethod
    def from_environment(cls) -> "Schedule":
        """Read it from the environment.

        Raises:
            SettingError: a variable can't be used.
        """
        # Loading does not need it, but a report that can't be written would be noticed too late.
        UI_URL.read(web_address)
        return cls(
            start_month=START_MONTH.read(BillingMonth.parse),
            sensor_seconds=SENSOR_SECONDS.read(at_least(1)),
            automation=AUTOMATION.read(one_of("on", "off")) == "on",
            adopt=ADOPT_DAYS.read(days),
            owners=OWNERS.read(owners),
            events_queue=EVENTS_QUEUE.text(),
        )
