"""Lines that are not rows: titles above a table, notes below it, ruled lines.

Such a line is harmless only if nothing in it changes what an amount, an account or a month below it
means. `understood` returns what it states, or refuses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean, folded, plain
from credits_pipeline.credits.reading.months import BY_NAME, month_text
from credits_pipeline.credits.reading.refusal import UnreadableFile, profile_command
from credits_pipeline.credits.reading.totals import is_total

#: Longer lines are texts, not titles; the limit keeps reading them fast.
_LONGEST = 1_000
_SHOWN = 80
_MONTH = re.compile(
    r"(?<![\w/.-])(?:(?:19|20)[0-9]{2}-[0-9]{2}(?:-[0-9]{2})?|[0-9]{1,2}[./][0-9]{1,2}[./](?:19"
    r"|20)[0-9]{2}"
    r"|[^\W\d_]{3,9}\.? (?:[0-9]{1,2}(?:st|nd|rd|th)?,? )?(?:19|20)[0-9]{2}|(?:0[1-9]"
    r"|1[0-2])/(?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2}年[0-9]{1,2}月)(?![\w/-])"
)
_DATE = re.compile(
    r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}"
    r"|[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?= ?(?:UTC|Z|[ap]m|h|Uhr)\b)"
)
_YEAR = re.compile(r"(?<![\w/.,#-])(?:19|20)[0-9]{2}(?![\w/,-])")
_WORD = re.compile(r"[^\W\d_]+")
_MONEY = re.compile(
    r"(?:US ?\$|\$|USD) ?-?[0-9]|[0-9][0-9., ']*[.,][0-9]{2}(?![0-9])|[0-9] ?(?:\$|USD)"
)
_LABEL_AND_AMOUNT = re.compile(
    r"(?P<label>[^:=]{1,80}?)\s*[:=]?\s*(?P<amount>(?:US ?\$|\$"
    r"|USD)? ?[-(]?\$?[0-9][0-9.,' ]*\)?(?: ?USD)?)"
)
_RULE = re.compile(r"[-=_*~#|+:. ]*[-=_*~]{3}[-=_*~#|+:. ]*")
_CURRENCY_OF_TITLE = re.compile(r"\((?P<code>[A-Z]{3})\)|currency|wahrung|devise|moneda|moeda|通貨")
#: Currency codes that are also English words: in a title they are read as words.
_WORDS_TOO = frozenset(
    {"ALL", "TRY", "TOP", "CUP", "MOP", "SOS", "MAD", "PEN", "COP", "ANG", "GEL"}
)
_MONTHS_TOO = frozenset({"may", "mar", "set", "out", "mag", "mei", "ago"})


@dataclass(frozen=True)
class Line:
    """A line that is not a row.

    Attributes:
        line: its number.
        cells: its filled cells.
    """

    line: int
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its cells as one text."""
        return ": ".join(plain(cell).rstrip(":") for cell in self.cells)


@dataclass(frozen=True)
class Stated:
    """What lines outside a table state about it.

    Attributes:
        month: the month of all rows; None if none is named.
        bare: numbers of months that are named without a year.
        totals: line, label and cell of each total of all rows.
        charges: the line and text of one that mentions costs.
        read: lines that were read and contain nothing that matters.
    """

    month: BillingMonth | None = None
    bare: frozenset[int] = frozenset()
    totals: tuple[tuple[int, str, str], ...] = ()
    charges: tuple[int, str] | None = None
    read: tuple[int, ...] = ()


def is_ruled(cells: Iterable[str]) -> bool:
    """Whether a record only draws a line: dashes, and no letter or digit."""
    filled = [plain(cell) for cell in cells if plain(cell)]
    return bool(filled) and _RULE.fullmatch("|".join(filled)[:_LONGEST]) is not None


def understood(lines: Iterable[Line], *, name: str, layout: str) -> Stated:
    """What the lines state.

    Raises:
        UnreadableFile: one of them makes the amounts something other than a month's credits in
            dollars.
    """
    months: dict[BillingMonth, int] = {}
    bare: set[int] = set()
    totals: list[tuple[int, str, str]] = []
    charges: tuple[int, str] | None = None
    read: list[int] = []
    for line in lines:
        fault = fault_of(line.text) or _balances(line.text)
        if fault is not None:
            raise UnreadableFile(
                f"{name}, line {line.line}: {shown(line.text)!r} {fault}: remove the line if it is "
                f"wrong, or say what the file means with: {profile_command(name)}",
                layout=layout,
            )
        total = _total(line)
        if total is not None:
            totals.append((line.line, *total))
            continue
        for month in _months(line.text):
            months.setdefault(month, line.line)
        bare |= _bare_months(line.text)
        if vocabulary.CHARGES.search(folded(line.text)) and not _credit(line.text):
            charges = (line.line, shown(line.text))
        read.append(line.line)
    if len(months) > 1:
        (one, first), (other, second), *_ = months.items()
        raise UnreadableFile(
            f"{name}, line {max(first, second)}: the titles name {one} and {other}: the amounts may"
            " be for more than one month; make one file a month.",
            layout=layout,
        )
    return Stated(
        month=next(iter(months), None),
        bare=frozenset(bare) if not months else frozenset(),
        totals=tuple(totals),
        charges=charges,
        read=tuple(read),
    )


def fault_of(text: str) -> str | None:
    """Why a line outside the rows can't be ignored; None if it can."""
    if len(text) > _LONGEST:
        return f"is longer than {_LONGEST:,} characters and can't be a title"
    words = folded(text)
    currency = _foreign(text)
    checks = (
        (currency is not None, f"names {currency}, and only US dollars are read"),
        (
            vocabulary.UNITS.search(words),
            "mentions thousands, cents or another unit than the dollar",
        ),
        ("%" in text or "percent" in words, "mentions per cent"),
        (vocabulary.LONGER.search(words), "names a period that is not one month"),
        (
            vocabulary.NOT_FINAL.search(words),
            "says that the amounts are estimates, pending or not to be counted",
        ),
        (
            vocabulary.NET_OF.search(words),
            "mentions amounts before or after credits, which are not credits",
        ),
        (vocabulary.SIGNS.search(words), "mentions signs, and what it says of them is unclear"),
    )
    for found, fault in checks:
        if found:
            return fault
    undated = _DATE.sub(" ", text)
    if _names_a_year(text):
        return "names a year and not one month"
    if _MONEY.search(undated) and not vocabulary.AVAILABLE.search(words) and not _sums_up(text):
        return "holds an amount that belongs to no account"
    return None


def _balances(text: str) -> str | None:
    """Why a title turns all amounts into balances or grants; None if it does not.

    ``Remaining: $500.00`` is about an amount of its own.
    """
    words = folded(text)
    if _MONEY.search(text) or not vocabulary.BALANCES.search(words):
        return None
    if _credit(text) or len(_WORD.findall(text)) == 1:
        return "mentions a grant or a balance, which is not the month's credits"
    return None


def _names_a_year(text: str) -> bool:
    undated = _DATE.sub(" ", plain(text))
    rest = _MONTH.sub(lambda match: match[0] if month_text(match[0]) is None else " ", undated)
    found = _YEAR.search(rest)
    return found is not None and not vocabulary.MADE.search(folded(rest[: found.start()]))


def shown(text: str) -> str:
    """A line for a message."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _foreign(text: str) -> str | None:
    found = headers.foreign_in(text)
    if found in _WORDS_TOO and not _CURRENCY_OF_TITLE.search(folded(text)):
        return None
    return found


def _credit(text: str) -> bool:
    found = headers.key(text)
    return any(
        stem in found for stem in ("credit", "gutschrift", "guthaben", "avoir", "クレシット")
    )


def _sums_up(text: str) -> bool:
    match = _LABEL_AND_AMOUNT.fullmatch(text)
    return match is not None and _is_total(match["label"])


def _is_total(label: str) -> bool:
    return is_total(label) or headers.is_total(label)


def _total(line: Line) -> tuple[str, str] | None:
    """The label and the amount of a line that states the sum of all rows."""
    if len(line.cells) == 2 and _is_total(line.cells[0].rstrip(": ")):  # noqa: PLR2004 - label, amount
        label, amount = line.cells
        if clean(amount) and parse_amount(amount).fault is None:
            return plain(label).rstrip(": "), amount
    match = _LABEL_AND_AMOUNT.fullmatch(line.text)
    if match is None or not _is_total(match["label"]):
        return None
    return match["label"], match["amount"]


def _months(text: str) -> set[BillingMonth]:
    """The months that a line names; the date of the sheet itself does not count.

    Raises nothing: an ambiguous date is skipped.
    """
    found: set[BillingMonth] = set()
    for match in _MONTH.finditer(plain(text)):
        month = month_text(match[0])
        before = folded(plain(text)[: match.start()])
        if month is None or vocabulary.MADE.search(before):
            continue
        if month.month_first is not None and month.certain:
            found.add(month.month_first)
    return found


def months_named(text: str) -> set[int]:
    """The numbers of the months that a note names, except the end or the grant of a credit."""
    if vocabulary.LIFE.search(folded(text)):
        return set()
    return {month.month for month in _months(text)} | _bare_months(text)


def _bare_months(text: str) -> set[int]:
    if vocabulary.MADE.search(folded(text)) or _MONTH.search(plain(text)):
        return set()
    words = [word.casefold() for word in _WORD.findall(plain(text))]
    return {BY_NAME[word] for word in words if word in BY_NAME and word not in _MONTHS_TOO}
