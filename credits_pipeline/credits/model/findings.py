"""What reading one month's file found, as plain values. Lists of rows are tables beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Literal

Convention = Literal["positive_is_credit", "negative_is_credit"]
#: What was done with an account's further rows: the first counts; a person, or the file's own
#: total, said that they add up; or a person has to be asked.
Several = Literal["first", "sum", "total", "ask"]

#: Python rounds sums of decimals to 28 digits by default.
_PRECISION = 60


def _exact(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext(prec=_PRECISION):
        return sum(amounts, Decimal(0))


class RecordClass(StrEnum):
    """Every record of a file is exactly one of these (design decision 4)."""

    SENT = "sent"
    IDENTICAL_DUPLICATE = "identical_duplicate"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    REJECTED = "rejected"
    ACCOUNT_UNKNOWN = "account_unknown"
    NOT_A_CREDIT = "not_a_credit"
    CONTROL_TOTAL = "control_total"
    BLANK = "blank"


@dataclass(frozen=True)
class LedgerEntry:
    """Records of one class and their dollars; ``usd`` is None where none are readable."""

    rows: int
    usd: Decimal | None


@dataclass(frozen=True)
class Ledger:
    """Where every record of the file went.

    ``file_rows`` and ``file_usd`` are counted from the records as they were parsed, before any
    of them is classed, so that the sums are a check and not a tautology. Dollars are signed as
    credits (a credit is positive), and control totals are never part of ``file_usd``: they repeat
    dollars that other records carry. A rejected record may have readable dollars (its account id
    was the fault); they count in both places.
    """

    entries: dict[RecordClass, LedgerEntry]
    file_rows: int
    file_usd: Decimal

    @property
    def rows_accounted(self) -> int:
        """Records over all classes."""
        return sum(entry.rows for entry in self.entries.values())

    @property
    def usd_accounted(self) -> Decimal:
        """Readable dollars over all classes but control totals."""
        return _exact(
            entry.usd
            for name, entry in self.entries.items()
            if name is not RecordClass.CONTROL_TOTAL and entry.usd is not None
        )

    @property
    def closes(self) -> bool:
        """Whether rows add up to the file's records and dollars to the file's sum, exactly."""
        return self.rows_accounted == self.file_rows and self.usd_accounted == self.file_usd

    @property
    def left_out_usd(self) -> Decimal:
        """Credit dollars that a person may be owed and that are not sent.

        Conflicting duplicates, unknown accounts, and rejected records as far as readable; an
        identical repetition costs nobody anything.
        """
        classes = (
            RecordClass.CONFLICTING_DUPLICATE,
            RecordClass.REJECTED,
            RecordClass.ACCOUNT_UNKNOWN,
        )
        entries = (self.entries.get(name) for name in classes)
        return _exact(e.usd for e in entries if e is not None and e.usd is not None)


@dataclass(frozen=True)
class SignFacts:
    """Which signs the file's amounts have, and how they were taken.

    Attributes:
        positive: records with an amount above zero, as written in the file.
        negative: records with an amount below zero, as written.
        zero: records with zero.
        layout_convention: the sign that means credit in this layout.
        taken_as: the convention under which the amounts were read.
    """

    positive: int
    negative: int
    zero: int
    layout_convention: Convention
    taken_as: Convention

    @property
    def mixed(self) -> bool:
        """Both signs in one file: claw-backs, or a mistake."""
        return self.positive > 0 and self.negative > 0

    @property
    def against_layout(self) -> bool:
        """Read against the layout's convention."""
        return self.taken_as != self.layout_convention


@dataclass(frozen=True)
class ControlTotal:
    """A figure that the file, or the object's metadata, states about itself.

    source: where it is, such as ``line 25 'Total'`` or ``object metadata credits-total``.
        source: where it stands, such as ``line 25 'Total'`` or ``object metadata credits-total``.
        unit: ``usd`` or ``rows``.
        stated: the figure as stated, signed as credits.
        counted: the same figure counted from the records it covers.
        tolerance: how far they may differ because the stated one was rounded to fewer decimals
            than the records have: a fraction of a cent, otherwise zero.
    """

    source: str
    unit: Literal["usd", "rows"]
    stated: Decimal
    counted: Decimal
    tolerance: Decimal = Decimal(0)

    @property
    def agrees(self) -> bool:
        """Whether both are equal, apart from rounding."""
        return abs(self.stated - self.counted) <= self.tolerance


@dataclass(frozen=True)
class Findings:
    """Everything that reading found in one month of one file.

    Attributes:
        layout: name of the layout, such as ``headerless``.
        layout_version: raised when a layout reads differently, so that receipts stay explicable.
        encoding: the text's encoding, such as ``utf-8``.
        delimiter: the field separator.
        decimal_mark: ``.`` or ``,``, the same for the whole file.
        ledger: where every record went.
        signs: see `SignFacts`.
        rows: accounts in the table.
        total_usd: their sum, signed as credits.
        duplicated_accounts: accounts with more than one record.
        several_rows: what was done with further rows of an account.
        padded_accounts: account ids whose leading zeros were restored.
        floated_accounts: account ids that were written as decimal numbers (``123456789012.0``).
        control_totals: see `ControlTotal`.
        ignored_columns: headers of columns that were not used.
        warnings: sentences for people, each with lines and dollars where it has them.
        profile: name and SHA-256 of the profile that the file was read by; empty if by none.
    """

    layout: str
    layout_version: int
    encoding: str
    delimiter: str
    decimal_mark: str
    ledger: Ledger
    signs: SignFacts
    rows: int
    total_usd: Decimal
    duplicated_accounts: int = 0
    several_rows: Several = "first"
    padded_accounts: int = 0
    floated_accounts: int = 0
    control_totals: tuple[ControlTotal, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    profile: str = ""
