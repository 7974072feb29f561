"""Amounts: from a cell's text to exact dollars; the decimal mark is the same for the whole file.

`parse_amount` is the definition: it reads a cell under both marks. `read_amounts` has a shortcut
for plain amounts and must agree with the definition on every cell.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from credits_pipeline.core.columns import SCALE, USD
from credits_pipeline.core.money import to_text
from credits_pipeline.credits.reading import chunked
from credits_pipeline.credits.reading.characters import clean, words
from credits_pipeline.credits.reading.refusal import UnreadableFile

Mark = Literal[".", ","]

#: Decimal(38, 12) has this many digits before the point.
WHOLE_DIGITS = 38 - SCALE
#: Longer cells are not amounts; the limit keeps pattern matching linear.
_LONGEST = 100

_CURRENCY = r"(?:US\ ?\$|USD\ ?\$|\$\ ?USD|\$\ ?US|USD|\$)"
#: Every run of spaces belongs to the sign before it and is never given back, which keeps matching
#: linear.
_FORM = re.compile(
    rf"""
    (?:(?P<before>{_CURRENCY})\ *+)?
    (?:(?P<sign>[-+])\ *+)?
    (?:(?P<between>{_CURRENCY})\ *+)?
    (?:(?P<open>\()\ *+)?
    (?:(?P<inside>{_CURRENCY})\ *+)?
    (?:(?P<inner>[-+])\ *+)?
    (?P<number>[0-9]++(?:[.,\ ']++[0-9]++)*+[.,]?+|[.,][0-9]++)\ *+
    (?:(?P<behind>{_CURRENCY})\ *+)?
    (?:(?P<close>\))\ *+)?
    (?:(?P<trailing>-)\ *+)?
    (?P<after>{_CURRENCY})?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DASH_FOR_ZERO = re.compile(rf"{_CURRENCY}?\ *-|-\ +{_CURRENCY}", re.IGNORECASE)
_NUMBER: dict[Mark, re.Pattern[str]] = {
    ".": re.compile(
        r"(?P<whole>0|[1-9][0-9]*|[1-9][0-9]{0,2}(?P<sep>[, '])[0-9]{3}(?:(?P=sep)[0-9]{3})*"
        r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?:\.(?P<fraction>[0-9]*))?"
    ),
    ",": re.compile(
        r"(?P<whole>0|[1-9][0-9]*|[1-9][0-9]{0,2}(?P<sep>[. '])[0-9]{3}(?:(?P=sep)[0-9]{3})*)?"
        r"(?:,(?P<fraction>[0-9]*))?"
    ),
}
_GROUPING = str.maketrans("", "", "., '")

#: Invisible in most programs and a hyphen in others: it may be the rest of a minus.
_SOFT_HYPHEN = "\u00ad"
#: What the bytes of a minus or another sign become in the wrong encoding.
_MOJIBAKE = re.compile("\u00e2\u20ac|\u00e2\u02c6|\u00c2|\u00c3|\ufffd|\u00e2\u0080")
_SIDE = re.compile(
    r"(?:cr|dr|credit|debit)\b\.?.*|.*(?<![A-Za-z])(?:cr|dr|credit|debit)\.?", re.IGNORECASE
)
_EXPONENT = re.compile(r"[0-9][.,]?[eE][+-]?[0-9]+")
_NOT_A_NUMBER = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_EXCEL_ERROR = re.compile(r"#(?:[A-Z/0!?]+|#+)", re.IGNORECASE)
_ACCOUNT_LIKE = re.compile(r"[0-9]{12}")
_FOREIGN_FORM = re.compile(
    r"(?P<before>[A-Za-z]{1,3}\$?)?[ (+-]*+\$?[ (+-]*+[0-9][0-9.,' ]*+\)?[ -]*+\$? *+"
    r"(?P<after>[A-Za-z]{3})?"
)
#: ISO 4217 codes, and the dollar signs that name their country, other than the US dollar's.
FOREIGN_CODES = words(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX UYU
    UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """
)
_FOREIGN_DOLLARS = words("A AU C CA CAD AUD NZ HK S SG NT MX R BZ TT J EC FJ NZD HKD SGD")
_FOREIGN_SIGNS = frozenset("€£¥₹₩₽₺₴₪₫฿₦₱₡₲₵₸₭₮₼₾₿¢元円")
#: Codes that people also write in small letters.
SMALL_CODES = words("aud brl cad chf cny dkk eur gbp hkd inr jpy mxn nok nzd sek sgd zar")


@dataclass(frozen=True)
class Spelling:
    """What one cell means under either decimal mark, before the file's mark is known.

    Attributes:
        point: its amount if the file's decimal mark is ``.``; None if it has none under that mark.
        comma: its amount if the file's decimal mark is ``,``.
        fault: why it has no amount under either mark.
        foreign: the currency that it names, if that is not the US dollar.
    """

    point: Decimal | None = None
    comma: Decimal | None = None
    fault: str | None = None
    foreign: str | None = None

    def under(self, mark: Mark) -> Decimal | None:
        """The amount if ``mark`` is the decimal mark."""
        return self.point if mark == "." else self.comma

    @property
    def says(self) -> Mark | None:
        """The only mark under which it is an amount."""
        if (self.point is None) == (self.comma is None):
            return None
        return "," if self.point is None else "."

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is one amount under one mark, and another under the other."""
        return self.point is not None and self.comma is not None and self.point != self.comma


def foreign_sign(text: str) -> str | None:
    """The sign of a currency other than the US dollar in a text, if there is one."""
    return next((character for character in text if character in _FOREIGN_SIGNS), None)


def foreign_currency(cell: str) -> str | None:
    """The currency other than the US dollar that an amount names by sign or code, if it does."""
    sign = foreign_sign(cell)
    if sign is not None:
        return sign
    in_brackets = cell.startswith("(") and cell.endswith(")")
    form = _FOREIGN_FORM.fullmatch(cell[1:-1] if in_brackets else cell)
    if form is None:
        return None
    for code in (form["before"], form["after"]):
        if code is None:
            continue
        bare = code.removesuffix("$")
        if bare in FOREIGN_CODES or bare in SMALL_CODES:
            return bare.upper()
        if bare != code and bare.upper() in _FOREIGN_DOLLARS:
            return code
    return None


def parse_amount(text: str) -> Spelling:
    """Read one cell under both decimal marks.

    A blank cell is zero, and so is a dash with or without ``$``, which is how Excel writes zero.
    """
    if _SOFT_HYPHEN in text:
        return Spelling(fault="a soft hyphen, which can be a minus: write the sign as -")
    cell = clean(text)
    if not cell or _DASH_FOR_ZERO.fullmatch(cell):
        return Spelling(point=Decimal(0), comma=Decimal(0))
    if len(cell) > _LONGEST:
        return Spelling(fault="too long for an amount")
    form = _FORM.fullmatch(cell)
    if form is None:
        return _unreadable(cell)
    signs = [form["sign"], form["inner"], form["trailing"], form["open"]]
    marks = [form[name] for name in ("before", "between", "inside", "behind", "after")]
    fault = _fault_of_form(form, signs, [mark for mark in marks if mark is not None])
    if fault is not None:
        return Spelling(fault=fault)
    negative = any(sign in {"-", "("} for sign in signs)
    return _under_both_marks(form["number"], negative=negative)


def _fault_of_form(
    form: re.Match[str], signs: list[str | None], currencies: list[str]
) -> str | None:
    if (form["open"] is None) != (form["close"] is None):
        return "a parenthesis without its other half"
    if sum(sign is not None for sign in signs) > 1:
        return "more than one sign"
    together = "".join(currencies).upper()
    if together.count("$") > 1 or together.count("US") > 1:
        return "more than one currency sign"
    return None


def _under_both_marks(number: str, *, negative: bool) -> Spelling:
    values: dict[Mark, Decimal] = {}
    faults = []
    for mark, pattern in _NUMBER.items():
        match = pattern.fullmatch(number)
        if match is None:
            continue
        whole = (match["whole"] or "").translate(_GROUPING)
        fraction = match["fraction"] or ""
        if len(fraction) > SCALE:
            faults.append(f"more than {SCALE} decimals")
        elif len(whole) > WHOLE_DIGITS:
            faults.append(f"more than {WHOLE_DIGITS} digits before the decimal mark")
        else:
            value = Decimal(f"{whole or 0}.{fraction or 0}")
            values[mark] = value.copy_negate() if negative and value else value
    if _ACCOUNT_LIKE.fullmatch(number):
        return Spelling(fault="an amount of twelve bare digits: it looks like an account id")
    if not values:
        if not faults and number.startswith("0"):
            faults.append("an amount that begins with zeros: it looks like an account id")
        return Spelling(fault=faults[0] if faults else "not an amount")
    return Spelling(point=values.get("."), comma=values.get(","))


def _unreadable(cell: str) -> Spelling:  # noqa: PLR0911 - one fault after the other
    if _EXCEL_ERROR.fullmatch(cell):
        return Spelling(fault="an error value of the spreadsheet, not an amount")
    if _NOT_A_NUMBER.fullmatch(cell):
        return Spelling(fault="not a number")
    if _MOJIBAKE.search(cell):
        return Spelling(
            fault="a sign damaged by a wrong encoding, perhaps a minus: export the file as UTF-8"
        )
    if any(c.isdigit() for c in cell) and _SIDE.fullmatch(cell):
        return Spelling(fault="an amount with CR or DR: write its sign as - or leave it out")
    foreign = foreign_currency(cell) if any(c.isdigit() for c in cell) else None
    if foreign is not None:
        return Spelling(fault=f"an amount in {foreign}, not in US dollars", foreign=foreign)
    if _EXPONENT.search(cell):
        return Spelling(fault="an amount with an exponent: its digits may be gone")
    return Spelling(fault="not an amount")


#: Spellings whose value is certain: an unambiguous decimal point, or no mark.
_PLAIN = (
    r"^-?\$?(?:(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,5})\.(?:[0-9]{1,2}|[0-9]{4,12})"
    r"|0|[1-9][0-9]{0,10})$"
)


@dataclass(frozen=True)
class Amounts:
    """A column of amounts, read.

    Attributes:
        usd: `USD`, signed as written; null where the cell has no amount.
        faults: why not, by row; None if every cell has one.
        mark: the file's decimal mark.
    """

    usd: pl.Series
    faults: pl.Series | None
    mark: Mark


def is_plain(cells: pl.Expr) -> pl.Expr:
    """Boolean by row: a spelling that the shortcut can read."""
    return cells.str.contains(_PLAIN).fill_null(value=False)


def read_amounts(
    cells: pl.Series, lines: pl.Series, *, all_plain: bool = False, name: str = "the file"
) -> Amounts:
    """Read a file's amounts under the one decimal mark of the whole file.

    Args:
        cells: String, a cell each; null where the record has no such cell.
        lines: Int64, the line of each.
        all_plain: the caller knows that `is_plain` is true of every cell.
        name: what to call the file in a refusal.

    Raises:
        UnreadableFile: the file uses both marks, or neither and an amount depends on it, or a
            currency other than the US dollar.
    """
    frame = pl.DataFrame([cells.alias("cell"), lines.alias("line")])
    if all_plain:
        return Amounts(chunked.select(frame, _plain_value()).to_series(), None, ".")
    frame = frame.with_columns(plain=is_plain(pl.col("cell")))
    others = frame.filter(~pl.col("plain")).group_by("cell").agg(pl.col("line").min())
    first_line = {cell: line for cell, line in others.iter_rows() if cell is not None}
    spellings = {cell: parse_amount(cell) for cell in first_line}
    pointed = frame.filter(pl.col("plain") & pl.col("cell").str.contains(".", literal=True)).head(1)
    more = bool(
        first_line
        and frame.select(
            (pl.col("plain") & pl.col("cell").str.contains(r"\.[0-9]{4}|,.*\.")).any()
        ).item()
    )
    mark = _mark(
        spellings,
        first_line,
        dict(pointed.select("cell", "line").iter_rows()),
        more_decimals=more,
        name=name,
    )
    read = frame.join(_known(spellings, mark), on="cell", how="left", maintain_order="left").select(
        pl.when("plain").then(pl.when("plain").then("cell").pipe(_plain_value)).otherwise("usd"),
        pl.when(pl.col("cell").is_null())
        .then(pl.lit("no amount: the record ends before it"))
        .otherwise("fault")
        .alias("fault"),
    )
    faults = read["fault"]
    return Amounts(read.to_series(0), faults if faults.null_count() < len(faults) else None, mark)


def _plain_value(cells: pl.Expr | None = None) -> pl.Expr:
    """`USD` of plain spellings."""
    cells = pl.col("cell") if cells is None else cells
    digits = cells.str.replace("$", "", literal=True).str.replace_all(",", "", literal=True)
    return digits.cast(USD).alias("usd")


def _known(spellings: dict[str, Spelling], mark: Mark) -> pl.DataFrame:
    """What each spelling means under the file's mark."""
    values = [spelled.under(mark) for spelled in spellings.values()]
    faults = [
        None
        if value is not None
        else spelled.fault or f"not an amount where the decimal mark is {mark!r}"
        for spelled, value in zip(spellings.values(), values, strict=True)
    ]
    return pl.DataFrame(
        {"cell": list(spellings), "usd": values, "fault": faults},
        schema={"cell": pl.String, "usd": USD, "fault": pl.String},
    )


def _mark(
    spellings: dict[str, Spelling],
    first_line: dict[str, int],
    pointed: dict[str, int],
    *,
    more_decimals: bool,
    name: str,
) -> Mark:
    """The file's decimal mark, from every unambiguous cell.

    Args:
        spellings: the cells that are not plain.
        first_line: the line on which each first occurs.
        pointed: a plain cell with a decimal point, with its line, if the file has one.
        more_decimals: a plain cell has more than three decimals, or groups its digits.
        name: what to call the file in a refusal.

    Raises:
        UnreadableFile: the file uses both marks, or neither and an amount depends on it, or a
            currency other than the US dollar.
    """

    def first(cells: dict[str, Spelling]) -> str:
        return min(cells, key=first_line.__getitem__)

    foreign = {c: s for c, s in spellings.items() if s.foreign is not None}
    if foreign:
        cell = first(foreign)
        raise UnreadableFile(
            f"{name}, line {first_line[cell]}: {clean(cell)!r} is in {foreign[cell].foreign}; only"
            " US dollars are read: convert the amounts to USD."
        )
    lines = {**pointed, **first_line}
    point = [*pointed, *(c for c, s in spellings.items() if s.says == ".")]
    comma = [c for c, s in spellings.items() if s.says == ","]
    if point and comma:
        one, other = (min(cells, key=lines.__getitem__) for cells in (point, comma))
        raise UnreadableFile(
            f"{name} uses both decimal marks: line {lines[one]} says {clean(one)!r}, line"
            f" {lines[other]} says {clean(other)!r}; write every amount with a decimal point."
        )
    either = {c: s for c, s in spellings.items() if s.is_ambiguous}
    mark: Mark = "," if comma else "."
    doubtful = (
        {c: s for c, s in either.items() if _three_decimals(c, mark)} if point or comma else {}
    )
    if (
        doubtful
        and not more_decimals
        and not any(_many_decimals(c, mark) for c, s in spellings.items() if s.says == mark)
    ):
        cell = first(doubtful)
        decider = min(comma or point, key=lines.__getitem__)
        raise UnreadableFile(
            f"{name}, line {first_line[cell]}: {clean(cell)!r} can mean"
            f" {to_text(either[cell].point or Decimal(0))} or"
            f" {to_text(either[cell].comma or Decimal(0))}: by line {lines[decider]},"
            f" {clean(decider)!r}, its mark is decimal, but no other amount has three decimals;"
            f" write"
            " the amounts with two decimals."
        )
    if either and not point and not comma:
        cell = first(either)
        raise UnreadableFile(
            f"{name}, line {first_line[cell]}: {clean(cell)!r} can mean"
            f" {to_text(either[cell].point or Decimal(0))} or"
            f" {to_text(either[cell].comma or Decimal(0))}, and no other amount in the file decides"
            " it; write the amounts with two decimals."
        )
    return mark


def _three_decimals(cell: str, mark: Mark) -> bool:
    """Whether an ambiguous amount has three decimals under a mark."""
    return re.search(rf"{re.escape(mark)}[0-9]{{3}}[^0-9]*$", cell) is not None


def _many_decimals(cell: str, mark: Mark) -> bool:
    """Whether an amount reveals its mark: by three decimals or more, or by grouped digits.

    It is an amount under this mark only.
    """
    if "." in cell and "," in cell:
        return True
    return re.search(rf"{re.escape(mark)}[0-9]{{3,12}}[^0-9]*$", cell) is not None
