"""The second wing's environment variables, and how each is parsed on first use.

`VARIABLES` is the only list of them; a credits-only installation needs none.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from credits_pipeline.core import settings
from credits_pipeline.core.money import from_text
from credits_pipeline.core.settings import SettingError, Variable

STORAGE = Variable(
    "FINOPS_STORAGE",
    "",
    "Where bills and results are stored: a folder, or an object store such as s3://bucket/prefix. "
    "Default: the folder finops in CREDITS_STORAGE.",
)
DATABASE_URL = Variable(
    "FINOPS_DATABASE_URL",
    "",
    "The database of decisions, such as postgresql+psycopg2://user:password@host/database, in its "
    "own schema; it is a secret. Default: the file decisions.sqlite in FINOPS_STORAGE if that is "
    "a folder; needed if it is an object store.",
    secret=True,
)
DECISIONS = Variable(
    "FINOPS_DECISIONS",
    "database",
    "database stores decisions in FINOPS_DATABASE_URL; files:FOLDER reads them from YAML files "
    "that are kept in git, and changes nothing.",
)
TAGS = Variable(
    "FINOPS_TAGS",
    "team,product,environment",
    "The tag keys that become columns, separated by commas; key=spelling, once for each, adds "
    "another spelling with the same meaning, such as team,team=owner-team,environment=env. Case "
    "and spaces at either end never count.",
)
AUTOMATION = Variable(
    "FINOPS_AUTOMATION",
    "on",
    "on starts the sensor of manifests with the daemon, if CREDITS_AUTOMATION is on too; off "
    "reads bills only when a person asks for it.",
)
SCAN_REGIONS = Variable(
    "FINOPS_SCAN_REGIONS",
    "",
    "The AWS regions that are scanned for what can be saved, separated by commas, such as "
    "eu-central-1,us-east-1. Default: none, and AWS is not scanned.",
)
SCAN_ACCOUNTS = Variable(
    "FINOPS_SCAN_ACCOUNTS",
    "own",
    "Whose resources are scanned: own for the account of the credentials, organization for every "
    "active account of AWS Organizations, or account ids separated by commas.",
)
SCAN_ROLE = Variable(
    "FINOPS_SCAN_ROLE",
    "",
    "The name of the read-only role that a scan assumes in every other account. Default: none.",
)
SCAN_FILES = Variable(
    "FINOPS_SCAN_FILES",
    "",
    "A folder, or a place in an object store, with the clouds' own findings: exports of Cost "
    "Optimization Hub, Compute Optimizer, Azure Advisor and Google's Recommender. Default: none.",
)
SCAN_AWS_FINDINGS = Variable(
    "FINOPS_SCAN_AWS_FINDINGS",
    "on",
    "on asks Cost Optimization Hub and Compute Optimizer for AWS's own findings if no file has "
    "them; off does not.",
)
RULES = Variable(
    "FINOPS_RULES",
    "",
    "Thresholds of the rules that differ from their defaults, such as "
    "ec2_idle_cpu=3,snapshot_days=180; docs/optimization.md lists them all.",
)
LEDGER = Variable(
    "FINOPS_LEDGER",
    "",
    "The AWS accounts whose credit ledger is read, separated by commas: each the id of a payer, "
    "followed by =profile if its credentials are a profile of the AWS SDK, such as "
    "111122223333,444455556666=labs. Empty reads none.",
)
ENGINE = Variable(
    "FINOPS_ENGINE",
    "duckdb",
    "What computes marts: duckdb in the run's own process, or spark on the cluster that "
    "FINOPS_SPARK names. Both compute the same, to the last digit.",
)
SPARK = Variable(
    "FINOPS_SPARK",
    "",
    "The address of Spark Connect, such as sc://spark.example.com:15002; needed if FINOPS_ENGINE "
    "is spark. It may contain a token, and is then a secret.",
    secret=True,
)
PORT = Variable("FINOPS_PORT", "8501", "The port of the second wing's pages.")
FONTS = Variable(
    "FINOPS_FONTS",
    "",
    "Folders of further fonts for printed statements, separated by :, for names in scripts that "
    "`credits-pipeline[fonts]` has no font for.",
)
FISCAL_YEAR = Variable(
    "FINOPS_FISCAL_YEAR",
    "1",
    "The month, 1 to 12, in which the fiscal year begins; the year is named after the one in "
    "which it ends.",
)
PAGES_URL = Variable(
    "FINOPS_PAGES_URL",
    "",
    "The address of the second wing's pages for people, such as https://spend.example.com: links "
    "in alerts begin with it. Without it alerts have no link.",
)
ANOMALY_LIMIT = Variable(
    "FINOPS_ANOMALY_LIMIT",
    "500",
    "An alert reports an anomaly that costs at least this much more than usual, in the currency "
    "of the bill; off reports none.",
)

VARIABLES: tuple[Variable, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Variable)
)

_OBJECT_STORE = re.compile(r"(s3|az|gs)://[^/\s]+(/\S*)?")
_FILES = "files:"
_MOST_PORTS = 65535
_MONTHS = 12


@dataclass(frozen=True)
class TagKey:
    """A tag key that becomes a column.

    Attributes:
        name: lower case, a word of the column's name.
        aliases: every spelling that means it, as `plain` writes them; the name is one.
    """

    name: str
    aliases: tuple[str, ...]

    @property
    def column(self) -> str:
        """What the column is called."""
        return f"tag_{self.name}"

    def matches(self, key: str) -> bool:
        """Whether a key of a bill means this one."""
        return plain(key) in self.aliases


@dataclass(frozen=True)
class Payer:
    """An account whose credit ledger is read.

    Attributes:
        account: its id.
        profile: of its credentials; empty for the SDK's own chain.
    """

    account: str
    profile: str = ""


def plain(key: str) -> str:
    """A tag's key without what does not matter: case, and spaces at either end."""
    return key.strip().casefold()


def is_folder(location: str) -> bool:
    """Whether a place is a folder of this machine rather than an object store."""
    return "://" not in location


def storage_root() -> str:
    """Where the wing keeps what it made: ``FINOPS_STORAGE``, or its default.

    Raises:
        SettingError: it is neither a folder nor an object store, or lies inside the inbox.
    """
    root = STORAGE.text()
    if not root:
        beside = settings.storage_root()
        return (
            f"{beside.rstrip('/')}/finops" if not is_folder(beside) else str(Path(beside, "finops"))
        )
    if is_folder(root):
        return str(Path(root).expanduser().absolute())
    if not _OBJECT_STORE.fullmatch(root):
        raise SettingError(
            f"FINOPS_STORAGE={root!r} can't be used: it is a folder, or begins with s3://, az:// "
            f"or gs:// and names a bucket. {STORAGE.meaning}"
        )
    return root.rstrip("/")


def database_url() -> str:
    """The database of decisions, as SQLAlchemy writes it.

    Raises:
        SettingError: there is no default for it, because the storage is an object store.
    """
    url = DATABASE_URL.text()
    if url:
        # SQLAlchemy would use a driver for these that is not the one installed here.
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)
    root = storage_root()
    if is_folder(root):
        return f"sqlite:///{Path(root) / 'decisions.sqlite'}"
    raise SettingError(
        f"FINOPS_DATABASE_URL is not set, and the storage {root} is an object store, which holds "
        f"no database. {DATABASE_URL.meaning} Set it and try again."
    )


def decisions_folder() -> Path | None:
    """The folder of YAML files that decisions are read from; None if a database has them.

    Raises:
        SettingError: it is neither.
    """
    return DECISIONS.read(_decisions)


def tag_keys() -> tuple[TagKey, ...]:
    """The tag keys that become columns, in order.

    Raises:
        SettingError: one can't be a column, or a spelling means two.
    """
    return TAGS.read(_tags)


def pages_url() -> str:
    """The address of the pages; empty if not set.

    Raises:
        SettingError: it is not an address.
    """
    return PAGES_URL.read(settings.web_address)


def anomaly_limit() -> Decimal | None:
    """How much more than usual an anomaly must cost for an alert; None for never.

    Raises:
        SettingError: it is not an amount.
    """
    return ANOMALY_LIMIT.read(_limit)


def ledger_payers() -> tuple[Payer, ...]:
    """The accounts whose credit ledger is read.

    Raises:
        SettingError: one is not an account, or is listed twice.
    """
    return LEDGER.read(_payers)


def port() -> int:
    """The port of the pages.

    Raises:
        SettingError: it is not a port.
    """
    return PORT.read(_port)


def spark_address() -> str:
    """The address of the cluster that computes marts; empty if DuckDB does.

    Raises:
        SettingError: the settings name no engine, or a cluster without its address.
    """
    if ENGINE.read(settings.one_of("duckdb", "spark")) == "duckdb":
        return ""
    address = SPARK.read(_spark)
    if not address:
        raise SettingError(
            f"FINOPS_ENGINE is spark, and FINOPS_SPARK is not set. {SPARK.meaning} Set it, or "
            "FINOPS_ENGINE=duckdb."
        )
    if not is_folder(storage_root()):
        raise SettingError(
            "FINOPS_ENGINE is spark, and FINOPS_STORAGE is an object store. Spark's workers read "
            "bills from a folder that each of them sees under the same path. Set FINOPS_STORAGE "
            "to such a folder, or FINOPS_ENGINE=duckdb."
        )
    return address


def fiscal_year_begins() -> int:
    """The month in which the fiscal year begins.

    Raises:
        SettingError: it is not a month.
    """
    return FISCAL_YEAR.read(_month)


def _month(text: str) -> int:
    found = settings.at_least(1)(text)
    if found > _MONTHS:
        raise ValueError(f"a month is at most {_MONTHS}")
    return found


def _spark(text: str) -> str:
    if text and not re.fullmatch(r"sc://[^/\s:]+(:[0-9]+)?(/\S*)?", text):
        raise ValueError("an address of Spark Connect begins with sc:// and names a host")
    return text


def _decisions(text: str) -> Path | None:
    if text == "database":
        return None
    if not text.startswith(_FILES) or not text.removeprefix(_FILES).strip():
        raise ValueError("it is database, or files: with a folder such as files:./decisions")
    return Path(text.removeprefix(_FILES).strip()).expanduser().absolute()


def _tags(text: str) -> tuple[TagKey, ...]:
    spellings: dict[str, list[str]] = {}
    meant: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        name, _, other = map(plain, part.partition("="))
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name, re.ASCII):
            raise ValueError(
                f"{name!r} can't be a column: use a letter, then letters, digits and _; another "
                "spelling follows a =, such as cost_center=cost-center"
            )
        for spelling in filter(None, (name, other)):
            if meant.setdefault(spelling, name) != name:
                raise ValueError(f"{spelling!r} means {meant[spelling]} and {name}: it means one")
            if spelling not in spellings.setdefault(name, []):
                spellings[name].append(spelling)
    return tuple(TagKey(name, tuple(found)) for name, found in spellings.items())


def _limit(text: str) -> Decimal | None:
    if text.strip().lower() == "off":
        return None
    try:
        found = from_text(text)
    except ValueError:
        found = Decimal(-1)
    if found < 0:
        raise ValueError("it is an amount such as 500, or off")
    return found


def scans_something() -> bool:
    """Whether the settings name anything to scan."""
    return bool(SCAN_REGIONS.text() or SCAN_FILES.text())


def _payers(text: str) -> tuple[Payer, ...]:
    found: dict[str, Payer] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        account, _, profile = map(str.strip, part.partition("="))
        if not re.fullmatch(r"[0-9]{12}", account, re.ASCII):
            raise ValueError(f"{account!r} is not an account: twelve digits are expected")
        if account in found:
            raise ValueError(f"{account} occurs twice")
        found[account] = Payer(account, profile)
    return tuple(found.values())


def _port(text: str) -> int:
    found = settings.at_least(1)(text)
    if found > _MOST_PORTS:
        raise ValueError(f"a port is at most {_MOST_PORTS}")
    return found
