"""Amounts: from a cell's text to exact dollars, the decimal mark decided once for the whole file.

`spelling` is the definition: it reads a cell under both marks. `read_amounts` takes a shortcut for
the plain spellings and must agree with the definition on every cell.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from credits_pipeline.billing.money import SCALE, USD
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.refusal import Refusal

Mark = Literal[".", ","]

#: Decimal(38, 12) holds so many digits before the point.
WHOLE_DIGITS = 38 - SCALE
#: Longer cells are not amounts; the bound keeps pattern matching linear.
_LONGEST = 100

_CURRENCY = r"(?:US\ ?\$|USD\ ?\$|\$\ ?USD|\$\ ?US|USD|\$)"
_FORM = re.compile(
    rf"""
    (?P<before>{_CURRENCY})?\ *
    (?P<sign>[-+])?\ *
    (?P<between>{_CURRENCY})?\ *
    (?P<open>\()?\ *
    (?P<inside>{_CURRENCY})?\ *
    (?P<inner>[-+])?\ *
    (?P<number>(?:[0-9][0-9.,\ ']*)?[0-9][.,]?|[.,][0-9]+)\ *
    (?P<behind>{_CURRENCY})?\ *
    (?P<close>\))?\ *
    (?P<trailing>-)?\ *
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

_EXPONENT = re.compile(r"[0-9][.,]?[eE][+-]?[0-9]+")
_NOT_A_NUMBER = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_EXCEL_ERROR = re.compile(r"#(?:[A-Z/0!?]+|#+)", re.IGNORECASE)
_ACCOUNT_LIKE = re.compile(r"[0-9]{12}")
_FOREIGN_FORM = re.compile(
    r"(?P<before>[A-Za-z]{1,3}\$?)?[ (+-]*\$?[ (+-]*[0-9][0-9.,' ]*\)?[ -]*\$? *(?P<after>[A-Za-z]{3})?"
)
#: ISO 4217 codes, and the dollar signs that name their country, other than the US dollar's.
FOREIGN_CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX UYU
    UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """.split()
)
_FOREIGN_DOLLARS = frozenset(
    "A AU C CA CAD AUD NZ HK S SG NT MX R BZ TT J EC FJ NZD HKD SGD".split()
)
_FOREIGN_SIGNS = frozenset("€£¥₹₩₽₺₴₪₫฿₦₱₡₲₵₸₭₮₼₾₿¢元円")
#: Codes that people also write in small letters.
_SMALL_CODES = frozenset(
    "aud brl cad chf cny dkk eur gbp hkd inr jpy mxn nok nzd sek sgd zar".split()
)


@dataclass(frozen=True)
class Spelling:
    """What one cell says under either decimal mark, before the file's mark is known.

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


def foreign_sign(text: str) -> str | None:
    """The sign of a currency other than the US dollar in a text, if there is one."""
    return next((character for character in text if character in _FOREIGN_SIGNS), None)


def foreign_currency(cell: str) -> str | None:
    """The currency other than the US dollar that an amount names by sign or code, if it does."""
    sign = foreign_sign(cell)
    if sign is not None:
        return sign
    form = _FOREIGN_FORM.fullmatch(cell)
    if form is None:
        return None
    for code in (form["before"], form["after"]):
        if code is None:
            continue
        bare = code.removesuffix("$")
        if bare in FOREIGN_CODES or bare in _SMALL_CODES:
            return bare.upper()
        if bare != code and bare.upper() in _FOREIGN_DOLLARS:
            return code
    return None


def spelling(text: str) -> Spelling:
    """Read one cell under both decimal marks.

    A blank cell is zero, and so is a dash with or without ``$``, Excel's way of writing zero.
    """
    cell = clean(text)
    if not cell or _DASH_FOR_ZERO.fullmatch(cell):
        return Spelling(point=Decimal(0), comma=Decimal(0))
    if len(cell) > _LONGEST:
        return Spelling(fault="too long for an amount")
    form = _FORM.fullmatch(cell)
    if form is None:
        return _unreadable(cell)
    if (form["open"] is None) != (form["close"] is None):
        return Spelling(fault="a parenthesis without its other half")
    signs = [form["sign"], form["inner"], form["trailing"], form["open"]]
    if sum(sign is not None for sign in signs) > 1:
        return Spelling(fault="more than one sign")
    marks = [form[name] for name in ("before", "between", "inside", "behind", "after")]
    if not _one_currency(mark for mark in marks if mark is not None):
        return Spelling(fault="more than one currency sign")
    negative = any(sign in {"-", "("} for sign in signs)
    return _under_both_marks(form["number"], negative=negative)


def _one_currency(marks: Iterable[str]) -> bool:
    """Whether the currency is given once, or once as a sign and once as a code."""
    together = "".join(marks).upper()
    return together.count("$") <= 1 and together.count("US") <= 1


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
            values[mark] = -value if negative and value else value
    if _ACCOUNT_LIKE.fullmatch(number):
        return Spelling(fault="an amount of twelve bare digits: it looks like an account id")
    if not values:
        if not faults and number.startswith("0"):
            faults.append("an amount that begins with zeros: it looks like an account id")
        return Spelling(fault=faults[0] if faults else "not an amount")
    return Spelling(point=values.get("."), comma=values.get(","))


def _unreadable(cell: str) -> Spelling:
    if _EXCEL_ERROR.fullmatch(cell):
        return Spelling(fault="an error value of the spreadsheet, not an amount")
    if _NOT_A_NUMBER.fullmatch(cell):
        return Spelling(fault="not a number")
    foreign = foreign_currency(cell) if any(c.isdigit() for c in cell) else None
    if foreign is not None:
        return Spelling(fault=f"an amount in {foreign}, not in US dollars", foreign=foreign)
    if _EXPONENT.search(cell):
        return Spelling(fault="an amount with an exponent: its digits may be gone")
    return Spelling(fault="not an amount")


#: Spellings whose value needs no thought: a decimal point that can be nothing else, or no mark.
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


def read_amounts(cells: pl.Series, lines: pl.Series, *, name: str = "the file") -> Amounts:
    """Read a file's amounts under the one decimal mark that the whole file says.

    Args:
        cells: String, a cell each; null where the record has no such cell.
        lines: Int64, the line of each.
        name: what to call the file in a refusal.

    Raises:
        Refusal: the file says both marks, or neither and an amount depends on it, or a currency
            other than the US dollar.
    """
    plain = cells.str.contains(_PLAIN).fill_null(value=False)
    if plain.all():
        has_point = bool(cells.str.contains(".", literal=True).any())
        del plain
        return Amounts(_plain_values(cells), None, "." if has_point or len(cells) else ".")
    others = pl.DataFrame({"cell": cells, "line": lines}).filter(~plain)
    first = others.group_by("cell", maintain_order=True).agg(pl.col("line").min())
    spellings = {cell: spelling(cell) for cell in first["cell"].to_list() if cell is not None}
    first_line = dict(first.iter_rows())
    says_point = cells.filter(plain & cells.str.contains(".", literal=True)).head(1).to_list()
    mark = _mark(spellings, first_line, says_point, cells=cells, lines=lines, name=name)
    values = {cell: spelled.under(mark) for cell, spelled in spellings.items()}
    faults = {
        cell: spelled.fault or f"not an amount where the decimal mark is {mark!r}"
        for cell, spelled in spellings.items()
        if values[cell] is None
    }
    known = pl.DataFrame(
        {
            "cell": list(values),
            "usd": pl.Series(list(values.values()), dtype=USD),
            "fault": pl.Series([faults.get(cell) for cell in values], dtype=pl.String),
        },
        schema={"cell": pl.String, "usd": USD, "fault": pl.String},
    )
    joined = (
        pl.DataFrame({"cell": cells, "plain": plain})
        .with_columns(plain_usd=_plain_values_expr())
        .join(known, on="cell", how="left", maintain_order="left")
    )
    usd = joined.select(
        pl.when("plain").then("plain_usd").otherwise("usd").alias("usd")
    ).to_series()
    reasons = joined.select(
        pl.when(pl.col("cell").is_null())
        .then(pl.lit("no amount: the record ends before it"))
        .otherwise(pl.when("plain").then(None).otherwise("fault"))
        .alias("fault")
    ).to_series()
    return Amounts(usd, reasons if reasons.null_count() < len(reasons) else None, mark)


def _plain_values(cells: pl.Series) -> pl.Series:
    return pl.DataFrame({"cell": cells, "plain": True}).select(_plain_values_expr()).to_series()


def _plain_values_expr() -> pl.Expr:
    digits = (
        pl.when("plain")
        .then("cell")
        .otherwise(None)
        .str.replace("$", "", literal=True)
        .str.replace_all(",", "", literal=True)
    )
    return digits.str.to_decimal(scale=SCALE).cast(USD)


def _mark(
    spellings: dict[str, Spelling],
    first_line: dict[str, int],
    says_point: list[str],
    *,
    cells: pl.Series,
    lines: pl.Series,
    name: str,
) -> Mark:
    """The file's decimal mark, from every cell that can mean only one thing."""
    for cell, spelled in spellings.items():
        if spelled.foreign is not None:
            raise Refusal(
                f"{name}, line {first_line[cell]}: {clean(cell)!r} is in {spelled.foreign}; only US"
                " dollars are read: convert the amounts to USD."
            )
    point = {c: s for c, s in spellings.items() if s.comma is None and s.point is not None}
    comma = {c: s for c, s in spellings.items() if s.point is None and s.comma is not None}
    either = {
        c: s
        for c, s in spellings.items()
        if s.point is not None and s.comma is not None and s.point != s.comma
    }
    if comma and (point or says_point):
        pointed = min(point, key=first_line.__getitem__) if point else says_point[0]
        pointed_line = (
            first_line[pointed] if point else lines.filter(cells == pointed).fill_null(0)[0]
        )
        with_comma = min(comma, key=first_line.__getitem__)
        raise Refusal(
            f"{name} uses both decimal marks: line {first_line[with_comma]} says"
            f" {clean(with_comma)!r}, line {pointed_line} says {clean(pointed)!r};"
            " write every amount with a decimal point."
        )
    if comma:
        return ","
    if either and not point and not says_point:
        cell = min(either, key=first_line.__getitem__)
        raise Refusal(
            f"{name}, line {first_line[cell]}: {clean(cell)!r} can mean {either[cell].point:f} or"
            f" {either[cell].comma:f}, and no other amount in the file decides it; write the"
            " amounts with two decimals."
        )
    return "."
