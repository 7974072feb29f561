"""A slow, strict second reader, written separately from the product: ``csv``, ``Decimal``, loops.

It follows the same rules and shares only the lists of words with the product. It says what a
file's months contain, or refuses. Where the product makes a table, this one must make the same.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import reference_meaning

from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.amounts import FOREIGN_CODES
from credits_pipeline.credits.reading.characters import words
from credits_pipeline.credits.reading.months import BY_NAME

DOLLARS = reference_meaning.DOLLARS
SPACES = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2007\u202f\u205f\u3000\t\r\n\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"), " "
) | dict.fromkeys(range(0x2000, 0x200B), " ")
NOTHING = dict.fromkeys(
    [0xFEFF, 0x2060, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
DASHES = dict.fromkeys(
    map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u207b\u208b\u02d7"), "-"
)
WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
QUOTES = dict.fromkeys(map(ord, "\u2019\u02bc"), "'")
TRANSLATION = WIDE | SPACES | NOTHING | DASHES | QUOTES


class RefusedError(Exception):
    """The file has no table."""


@dataclass
class Month:
    """What the file says about a month.

    ``rows``: amount and line by account; ``rejected``: lines; ``repeated``: line, first line and
    whether it is identical; ``records``: non-blank records that are no totals, rejected included.
    """

    rows: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    rejected: list[int] = field(default_factory=list)
    repeated: list[tuple[int, int, bool]] = field(default_factory=list)


@dataclass
class Result:
    layout: str
    months: dict[str | None, Month]
    mixed_signs: bool


@dataclass
class Record:
    line: int
    cells: list[str]
    fits: bool
    comma: bool = False


def bare(text: str) -> str:
    return text.translate(TRANSLATION).strip(" ")


def bare_ends(text: str) -> str:
    """A text without invisible characters at its ends."""
    gone = {chr(code) for code in SPACES | NOTHING} | {" "}
    while text and text[0] in gone:
        text = text[1:]
    while text and text[-1] in gone:
        text = text[:-1]
    return text


def unwrapped(text: str) -> str:
    text = bare(text)
    if re.fullmatch(r'=\s*"[^"]*"', text):
        text = text[text.index('"') + 1 : -1].strip(" ")
    if re.fullmatch(r'"[^"]*"', text):
        text = text[1:-1].strip(" ")
    elif re.fullmatch(r"'[^']*'?", text):
        text = text[1:].removesuffix("'").strip(" ")
    return text


# ---------------------------------------------------------------- text and records


def decoded(data: bytes) -> str:
    if not data:
        raise RefusedError("empty")
    for bom, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding).lstrip("\ufeff")
            except UnicodeDecodeError as error:
                raise RefusedError(str(error)) from error
    candidates = ["utf-16-le", "utf-16-be"] if 0 in data else ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text and (
            0 not in data or sum(c < "\u0100" for c in text) * 2 > len(text)
        ):
            return text.lstrip("\ufeff")
    raise RefusedError("no encoding")


def physical_lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text) if part]


def records_of(text: str, delimiter: str, skip: int) -> list[Record]:
    """Records with their lines, one character at a time for the quotes."""
    lines = physical_lines(text)[skip:]
    found: list[Record] = []
    used = 0
    reader = csv.reader(
        io.StringIO("".join(lines), newline=""), delimiter=delimiter, skipinitialspace=True
    )
    try:
        for cells in reader:
            raw = "".join(lines[used : reader.line_num])
            fits, closed = quotes_fit(raw.rstrip("\r\n"), delimiter)
            if not closed and reader.line_num == len(lines):
                raise RefusedError("cut off")
            found.append(Record(used + 1 + skip, cells, fits, delimiter == ","))
            used = reader.line_num
    except csv.Error as error:
        raise RefusedError(str(error)) from error
    return found


def quotes_fit(raw: str, delimiter: str) -> tuple[bool, bool]:  # noqa: C901, PLR0912 - one rule after the other
    """Whether every quoted cell is quoted entirely, and whether the last quote is closed."""
    state, fits = "start", True
    position = 0
    while position < len(raw):
        character = raw[position]
        if state == "start":
            if character == '"':
                state = "quoted"
            elif character == delimiter:
                pass
            elif character != " ":
                state = "bare"
        elif state == "bare":
            state = "start" if character == delimiter else "bare"
            if character in "\r\n":
                fits = False
        elif state == "quoted":
            if character == '"':
                if raw[position + 1 : position + 2] == '"':
                    position += 1
                else:
                    state = "closed"
        elif character == delimiter:
            state = "start"
        elif character not in " \u00a0\u2007\u202f":
            fits, state = False, "spoilt"
        position += 1
        if state == "spoilt":
            while position < len(raw) and raw[position] != delimiter:
                position += 1
            if position < len(raw):
                position, state = position + 1, "start"
    return fits and state != "quoted", state != "quoted"


# ---------------------------------------------------------------- amounts and accounts

CURRENCY = {"$", "USD", "US$", "US $", "USD$", "USD $", "$USD", "$ USD", "$US", "$ US"}


def number(text: str, mark: str) -> Decimal | None:  # noqa: PLR0911 - one rule after the other
    """The digits of an amount, for a given decimal mark."""
    whole, found, fraction = text.partition(mark)
    if found and mark in fraction:
        return None
    if not re.fullmatch("[0-9]*", fraction) or len(fraction) > 12:
        return None
    separators = set(whole) - set("0123456789")
    if len(separators) > 1 or separators & {mark}:
        return None
    if separators:
        (separator,) = separators
        if separator not in {" ", "'", "," if mark == "." else "."}:
            return None
        groups = whole.split(separator)
        western = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
        indian = (
            mark == "."
            and separator == ","
            and len(groups) > 2
            and 1 <= len(groups[0]) <= 2
            and all(len(group) == 2 for group in groups[1:-1])
            and len(groups[-1]) == 3
        )
        if not (western or indian) or groups[0].startswith("0"):
            return None
        whole = "".join(groups)
    elif whole.startswith("0") and whole != "0":
        return None
    if len(whole) > 26 or not (whole or fraction):
        return None
    return Decimal(f"{whole or '0'}.{fraction or '0'}")


def amount(text: str) -> dict[str, Decimal]:  # noqa: C901, PLR0911, PLR0912 - one rule after the other
    """The meanings of a cell, by decimal mark."""
    if "\u00ad" in text:
        return {}
    cell = unwrapped(text)
    if cell == "":
        return {".": Decimal(0), ",": Decimal(0)}
    if len(cell) > 100:
        return {}
    upper = cell.upper()
    if re.fullmatch(
        r"-", re.sub(r"^(US ?\$|USD ?\$|\$ ?USD|\$ ?US|USD|\$)? *", "", upper, count=1)
    ):
        return {".": Decimal(0), ",": Decimal(0)}
    if re.fullmatch(r"- +(US ?\$|USD ?\$|\$ ?USD|\$ ?US|USD|\$)", upper):
        return {".": Decimal(0), ",": Decimal(0)}
    digits = re.search(r"[0-9]", upper)
    if not digits or upper.count("$") > 1 or upper.count("US") > 1:
        return {}
    first = digits.start()
    if first and upper[first - 1] in ".,":
        first -= 1
    last = max(position for position, c in enumerate(upper) if c.isascii() and c.isdigit()) + 1
    if upper[last : last + 1] in {".", ","}:
        last += 1
    before, core, after = upper[:first], upper[first:last], upper[last:]
    if not re.fullmatch(r"[0-9.,' ]+", core):
        return {}
    if core[0] in ".," and not re.fullmatch(r"[.,][0-9]+", core):
        return {}
    if re.search(r"[.,]$", core) and not core[-2:-1].isdigit():
        return {}
    signs = [c for c in before + after if c in "+-("]
    if before.count("(") != after.count(")") or "(" in after or ")" in before or "+" in after:
        return {}
    if len(signs) > 1:
        return {}
    for part in (before, after):
        for token in re.split(r"[-+()]", part):
            if token.strip() and token.strip() not in CURRENCY:
                return {}
    if re.fullmatch("[0-9]{12}", core):
        return {}
    if not order_fits(before, after):
        return {}
    negative = any(sign in "-(" for sign in signs)
    values = {mark: number(core, mark) for mark in ".,"}
    return {
        mark: value.copy_negate() if negative and value else value
        for mark, value in values.items()
        if value is not None
    }


def order_fits(before: str, after: str) -> bool:
    """A currency may stand before or after a sign, and inside or after a parenthesis."""
    return len(re.findall(r"US ?\$|USD ?\$|\$ ?USD|\$ ?US|USD|\$", before + " | " + after)) <= 2


def foreign(text: str) -> bool:
    cell = unwrapped(text)
    if re.search(
        "\u00e2\u20ac|\u00e2\u02c6|\u00c2|\u00c3|\ufffd|\u00e2\u0080", cell
    ) and not amount(text):
        return False
    if re.search("[€£¥₹₩₽₺₴₪₫฿₦₱₡₲₵₸₭₮₼₾₿¢元円]", cell):
        return any(c.isdigit() for c in cell)
    if amount(text) or not re.search("[0-9]", cell):
        return False
    match = re.fullmatch(
        r"([A-Za-z]{1,3}\$?)?[ (+-]*\$?[ (+-]*[0-9][0-9.,' ]*\)?[ -]*\$? *([A-Za-z]{3})?", cell
    )
    if match is None:
        return False
    small = words("aud brl cad chf cny dkk eur gbp hkd inr jpy mxn nok nzd sek sgd zar")
    dollars = words("A AU C CA CAD AUD NZ HK S SG NT MX R BZ TT J EC FJ NZD HKD SGD")
    return any(
        code is not None
        and (
            code.removesuffix("$") in FOREIGN_CODES
            or code.removesuffix("$") in small
            or (code.endswith("$") and code[:-1].upper() in dollars)
        )
        for code in match.groups()
    )


def account(text: str) -> tuple[str, bool] | None:  # noqa: C901, PLR0911, PLR0912 - one rule after the other
    """The id, and whether it was padded."""
    cell = unwrapped(text).replace("\u00ad", "")
    whole = re.fullmatch(r"([1-9])[.,]([0-9]{11})[eE]\+?11", cell)
    if whole:
        return whole[1] + whole[2], False
    if len(cell) > 300:
        return None
    plain = re.fullmatch(r"([0-9]+)([.,]0+)?", cell)
    if plain:
        digits = plain[1]
        if 9 <= len(digits) <= 12:
            return digits.zfill(12), len(digits) < 12
        return None
    for size, groups in ((4, 3), (3, 4), (6, 2)):
        for separator in "- ":
            parts = cell.split(separator)
            if len(parts) == groups and all(re.fullmatch(f"[0-9]{{{size}}}", p) for p in parts):
                return "".join(parts), False
    if not any(c.isalpha() for c in cell) or re.fullmatch(
        r"[0-9]+([.,][0-9]*)?[eE]\+?[0-9]+", cell
    ):
        return None
    pattern = r"(?:[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4}|[0-9]{4} [0-9]{4} [0-9]{4})"
    matches = []
    for match in re.finditer(rf"(?={pattern})", cell):
        found = re.match(pattern, cell[match.start() :])[0]
        before, after = cell[: match.start()], cell[match.start() + len(found) :]
        if before[-1:].isalnum() or before[-1:] in {".", ","} or after[:1].isalnum():
            continue
        if re.match("[.,][0-9]", after):
            continue
        if len(found) > 12 and (re.search("[0-9][- ]$", before) or re.match("[- ][0-9]", after)):
            continue
        matches.append(found)
    if len({re.sub("[- ]", "", match) for match in matches}) != 1:
        return None
    behind = cell[cell.rindex(matches[-1]) + len(matches[-1]) :]
    if "\t" in text.strip() or re.search("[,;\t|].*[0-9]", behind, re.DOTALL):
        return None
    if other_number(cell):
        return None
    rest = "".join(c if c.isalpha() else " " for c in cell.replace(matches[0], " "))
    return None if totals_label(rest) else (re.sub("[- ]", "", matches[0]), False)


OTHER_NUMBERS = words(
    """
    po order invoice inv ref reference ticket case contract customer note memo phone tel fax
    rechnung bestellung auftrag kunde vertrag facture commande pedido factura fatura
    """
)


def other_number(cell: str) -> bool:
    """Whether a word before the digits makes them no account id, or the row a sum."""
    lower = cell.lower()
    for match in re.finditer(r"[^\W\d_]+(?:\.[^\W\d_]\.)?", lower):
        behind = re.match("[^0-9]{0,12}[0-9]", lower[match.end() :])
        bounded = not re.match(r"\w", lower[match.end() : match.end() + 1]) and not re.match(
            r"\w", lower[max(match.start() - 1, 0) : match.start()]
        )
        if behind and bounded and (match[0] in OTHER_NUMBERS or match[0] == "p.o."):
            return True
    return bool(
        re.search(r"\(all\b[^)]*\)|\b(?:all accounts|all linked|consolidated|sum of)\b", lower)
    )


def label_and_number(text: str) -> bool:
    """Whether a label continues with digits after its id."""
    found = account(text)
    cell = unwrapped(text)
    scientific = re.fullmatch(r"[0-9]+([.,][0-9]*)?[eE]\+?[0-9]+", cell)
    if found is None or not any(c.isalpha() for c in cell) or scientific:
        return False
    behind = re.split("[- ]?".join(found[0]), cell)[-1]
    return any(c.isdigit() for c in behind)


def account_like(text: str) -> bool:
    cell = unwrapped(text)
    return account(text) is not None or bool(
        re.fullmatch(r"[0-9]+([.,][0-9]*)?[eE]\+?[0-9]+", cell)
    )


def totals_label(text: str) -> bool:
    label = unwrapped(text).lower()
    if len(label) > 80:
        return False
    if re.match(r"sub[- ]?total|zwischensumme|sous[- ]total|page[- ]?total", label):
        return True
    said = [
        word
        for word in re.sub(r"[0-9.,:/#*()$-]", " ", label).split()
        if word.casefold() not in BY_NAME
    ]
    start = {
        *words("total totals grandtotal grandtotals overalltotal overalltotals subtotal subtotals"),
        *words("sum gesamt gesamtsumme gesamtbetrag zwischensumme summe totale totaal suma"),
        *words("pagetotal pagetotals gesamtergebnis insgesamt soma 合計 総計 総合計"),
        "total geral",
        "total general",
        "suma total",
        "soma total",
        "all accounts",
    }
    for first in (1, 2, 3):
        head, rest = " ".join(said[:first]), said[first:]
        named = head in start or head in {
            *(
                f"{word} total{s}"
                for word in (
                    *("grand", "sub", "overall", "page", "report", "net", "final", "file"),
                    *("aws", "monthly", "credit", "credits"),
                )
                for s in ("", "s")
            ),
            "sous total",
            *(
                f"{sous}total g{a}n{b}ral"
                for sous in ("", "sous ")
                for a in "\u00e9e"
                for b in "\u00e9e"
            ),
        }
        more = words("of for in credit credits amount all account accounts usd month")
        if named and all(word in more for word in rest):
            return True
    return False


# ---------------------------------------------------------------- months


def months_of(text: str) -> dict[str, tuple[int, int, int | None]]:
    """The month and day that a text means, in each reading: ``mdy``, ``dmy``."""
    cell = unwrapped(text)
    if len(cell) > 60:
        return {}
    both = single_month(cell)
    if both is not None:
        return {"mdy": both, "dmy": both}
    match = re.fullmatch(
        r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]((?:19|20)[0-9]{2})" + TIME, cell, re.IGNORECASE
    )
    if match:
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        found = {}
        if valid(year, first, second):
            found["mdy"] = (year, first, second)
        if valid(year, second, first):
            found["dmy"] = (year, second, first)
        return found
    for separator in (" - ", " to ", "/"):
        left, found_separator, right = cell.partition(separator)
        if found_separator and len(left) >= 6 and len(right) >= 6:
            one, two = months_of(left), months_of(right)
            if one and two and {m[:2] for m in [*one.values(), *two.values()]} == {one["mdy"][:2]}:
                return one
    return {}


TIME = (
    r"(?:[ T](?:0?0:00(?::00(?:\.0+)?)?|23:59(?::59(?:\.9+)?)?)(?: ?(?:Z|UTC|\+00:?00))?"
    r"| ?(?:Z|UTC))?"
)


def valid(year: int, month: int, day: int | None) -> bool:
    lengths = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30]
    lengths += [31, 31, 30, 31, 30, 31]
    return 1 <= month <= 12 and (day is None or 1 <= day <= lengths[month - 1])


def single_month(cell: str) -> tuple[int, int, int | None] | None:
    year, name, short = r"((?:19|20)[0-9]{2})", r"([^\W\d_]+)\.?", r"'?([0-9]{2})"
    two, one = "([0-9]{2})", "([0-9]{1,2})"
    for form, order in (
        (rf"{year}[-/.]{one}", "ym"),
        (rf"{year}{two}", "ym"),
        (rf"{year}[-/.]{one}[-/.]{one}{TIME}", "ymd"),
        (rf"{year}{two}{two}", "ymd"),
        (rf"{one}[-/.]{year}", "my"),
        (rf"{one}\.{one}\.{year}{TIME}", "dmy"),
        (rf"{name}[ ,./-]*{year}", "ny"),
        (rf"{name}[ ./-]*{short}", "ns"),
        (rf"{year}[ ,./-]*{name}", "yn"),
        (rf"{name} {one}(?:st|nd|rd|th)?,? {year}", "ndy"),
        (rf"{one}\.?[ /-]{name}[ /-]{year}", "dny"),
        (rf"{one}-{name}-{short}", "dns"),
        (rf"{year}年{one}月", "ym"),
    ):
        match = re.fullmatch(form, cell, re.IGNORECASE)
        if match is None:
            continue
        parts = dict(zip(order, match.groups(), strict=True))
        number_of = int(parts["m"]) if "m" in parts else BY_NAME.get(parts["n"].casefold(), 0)
        in_year = int(parts["y"]) if "y" in parts else 2000 + int(parts["s"])
        day = int(parts["d"]) if "d" in parts else None
        if "s" in parts and in_year > 2030:
            continue
        if valid(in_year, number_of, day):
            return in_year, number_of, day
    return None


def month_name(month: tuple[int, ...]) -> str:
    return f"{month[0]:04d}-{month[1]:02d}"


# ---------------------------------------------------------------- layouts


def read(  # noqa: C901 - one rule after the other
    data: bytes, first_month: tuple[int, int] | None = None
) -> Result:
    """What a file contains; ``first_month`` is what a person says about a sheet without a header.

    Raises:
        RefusedError: no table can be made of it.
    """
    text = decoded(data)
    start = text[:1000].lstrip()
    if not start and not text.strip():
        raise RefusedError("blank")
    if start.startswith(("<", "{", "[")) or "\x00" in text:
        raise RefusedError("no table")
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"BZh", b"%PDF", b"PAR1")):
        raise RefusedError("no text")
    named = re.match(r'"?sep=([,;\t|:^~])"?[,;\t ]*(\r\n|\r|\n|\Z)', text, re.IGNORECASE)
    best: tuple[int, str, str, list[Record]] | None = None
    alike = False
    for delimiter in [named[1]] if named else [",", ";", "\t", "|"]:
        if delimiter not in text:
            continue
        try:
            records = records_of(text, delimiter, 1 if named else 0)
        except RefusedError:
            if named:
                raise
            continue
        sure, layout = recognised(records)
        if sure and best is not None and sure == best[0]:
            alike = True
        if sure and (best is None or sure > best[0]):
            alike = False
            best = sure, layout, delimiter, records
    if best is None or alike:
        raise RefusedError("no layout")
    _, layout, delimiter, records = best
    if layout == "headerless_wide":
        return read_headerless_wide(records, delimiter, first_month)
    return READERS[layout](records)


def filled(record: Record) -> bool:
    return any(bare(cell) for cell in record.cells)


def payer_title(cells: list[str]) -> bool:
    """Whether a record is the payer's label and id."""
    label = cells[0].lower()
    return (
        len(cells) <= 2
        and re.search(r"payer|management|master|paying|billing|organi[sz]ation", label) is not None
        and not re.search("[0-9]", label)
        and (len(cells) == 1 or account_like(cells[1]))
    )


def ruled(cells: list[str]) -> bool:
    """Whether a record is only a line of dashes or the like."""
    text = "".join(bare(cell) for cell in cells)
    return re.search("[-=_*~]{3}", text) is not None and not text.strip("-=_*~#|+:. ")


def header_row(records: list[Record]) -> int | None:
    partial = None
    for index, record in enumerate(records[:30]):
        cells = [cell for cell in record.cells if bare(cell)]
        titled = bool(cells) and payer_title(cells)
        if any(account_like(cell) for cell in cells) and not titled:
            break
        if len(cells) > 1 and not titled and not ruled(record.cells):
            named = any(headers.is_account(cell) for cell in cells)
            credited = any(credit_header(cell) or month_header(cell) for cell in cells)
            if named and credited:
                return index
            if partial is None and (named or credited):
                partial = index
    return partial


def second_line(records: list[Record], at: int) -> list[str] | None:
    """The header's cells, joined with those of the next record if that is its second half."""
    first = records[at].cells
    if at + 1 >= len(records) or len(records[at + 1].cells) > len(first):
        return None
    second = [bare(cell) for cell in records[at + 1].cells]
    if sum(map(bool, second)) < 2 or any(c.isdigit() for cell in second for c in cell):
        return None
    if ruled(second) or second == [bare(cell) for cell in first]:
        return None
    cells = [
        f"{bare(cell)} {second[i]}".strip() if i < len(second) else cell
        for i, cell in enumerate(first)
    ]
    named = any(map(headers.is_account, cells)) and any(map(headers.is_amount, cells))
    complete = any(map(headers.is_account, first)) and any(
        credit_header(cell) or month_header(cell) for cell in first
    )
    return cells if named and complete else None


def credit_header(cell: str) -> bool:
    return headers.is_amount(cell) or headers.may_be_amount(cell) or headers.is_not_an_amount(cell)


def month_header(cell: str) -> dict[str, tuple[int, int, int | None]]:
    found = months_of(cell)
    if found:
        return found
    credit_words = (
        r"\b(?:aws|promotional|promo|monthly|total|credits?|amounts?|applied|for|of|in|usd)\b"
        r"|[:()$]"
    )
    rest = " ".join(re.sub(credit_words, " ", bare(cell), flags=re.IGNORECASE).split()).strip(
        "-_,/ "
    )
    return months_of(rest) if rest else {}


CE_LABELS = words(
    """
    linkedaccount linkedaccountname linkedaccountid verknupfteskonto namedesverknupftenkontos
    comptelie nomducomptelie cuentavinculada nombredelacuentavinculada contavinculada
    nomedacontavinculada
    """
)


CE_TOTALS = (
    "linkedaccounttotal",
    "summedesverknupftenkontos",
    "totalducomptelie",
    "totaldelacuentavinculada",
    "totaldacontavinculada",
)


def recognised(records: list[Record]) -> tuple[int, str]:  # noqa: C901, PLR0911 - one rule after the other
    if max((len(record.cells) for record in records), default=0) < 2:
        return 0, ""
    head = [record for record in records[:10] if any(bare(cell) for cell in record.cells)]
    labels = CE_LABELS
    if head and head[0].cells and headers.key(head[0].cells[0]) in labels:
        ids = any(
            headers.key(record.cells[0]) in labels
            and any(account_like(without_currency(c)) for c in record.cells[1:])
            for record in head
        )
        dates = any(months_of(record.cells[0]) for record in head[1:])
        if ids or (dates and len(head[0].cells) > 1):
            return 20_000_000, "cost_explorer"
    at = header_row(records)
    if at is not None:
        cells = records[at].cells
        keys = {headers.key(cell) for cell in cells}
        named = any(map(headers.is_account, cells))
        credited = any(map(credit_header, cells))
        if {"recordtype", "credits", "payeraccountid"} <= keys:
            return 20_000_000, "aws_billing"
        if named and any(map(month_header, cells)):
            return 10_000_000, "wide"
        if not named and not bare(cells[0]) and any(map(month_header, cells)):
            return 5_000_001, "wide"
        if named and credited and month_columns(cells):
            return 10_000_000, "long"
        return (10_000_000 if named and credited else 5_000_000), "header"
    start = first_filled(records)
    rows = [record.cells[start:] for record in records if len(record.cells) > start + 1]
    several = single = 0
    for row in rows:
        cells = [bare(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if (
            len(cells) > 1
            and account_like(row[0])
            and not label_and_number(row[0])
            and all(unwrapped(c) == "" or amount(c) for c in cells[1:])
        ):
            several += len(cells) > 2
            single += len(cells) == 2
    ids = [row[0] for row in rows if account_like(row[0]) and not label_and_number(row[0])]
    with_ids = 2 * len(ids) - sum(
        account(cell) is not None and any(c.isalpha() for c in unwrapped(cell)) for cell in ids
    )
    if several > single and 2 * several >= with_ids:
        return 2 * several, "headerless_wide"
    weak = any(
        re.fullmatch("[0-9][0-9.,+Ee -]*", unwrapped(row[0]))
        and unwrapped(row[1])
        and amount(row[1])
        for row in rows
    )
    return with_ids or weak, "headerless"


def first_filled(records: list[Record]) -> int:
    return min(
        (i for record in records for i, cell in enumerate(record.cells) if bare(cell)), default=0
    )


def month_columns(cells: list[str]) -> list[int]:
    """The columns of months, by name; the year's come first."""
    found = [
        i
        for i, cell in enumerate(cells)
        if re.search(
            MONTH_WORDS,
            reference_meaning.lowered(bare(cell)),
        )
        and not (headers.is_amount(cell) or headers.may_be_amount(cell))
        and not headers.is_account(cell)
    ]
    years = [i for i in found if bare(cells[i]).lower().strip() == "year"]
    return years + [i for i in found if i not in years]


MONTH_WORDS = (
    r"\b(?:months?|periods?|dates?|year|day|start|startdate|end|enddate|quarter|datum|fecha"
    r"|mois|mes(?:es)?|maand|mese|periode|periodo|from|von|debut|inicio|desde|begin\w*|ending|ende"
    r"|fin|hasta|ate|bis|until|through|jahr|ano|annee|timestamp|time|fiscal|fy|week|tag|data"
    r"|trimestre|exercice|as of)\b|(?:monat|datum|zeitraum|quartal)\b|月|日付|期間|年|開始|終了"
)


@dataclass
class Entry:
    """A record, or one of its cells, that may contain a credit."""

    line: int
    account: str | None
    amount: str | None
    month: str | None = None
    bad: bool = False
    group: object = None
    cells: tuple[str, ...] | None = None
    out: bool = False


@dataclass
class Total:
    """A stated total: a record of its own, or another cell in one."""

    line: int
    amount: str
    month: str | None = None
    record: bool = True
    part: bool = False


def finish(  # noqa: C901, PLR0912, PLR0915 - one rule after the other
    layout: str,
    entries: list[Entry],
    totals: list[Total],
    *,
    negative: bool = False,
    adds_up: bool = False,
    first_counts: bool = False,
) -> Result:
    """Read ids and amounts, choose mark and signs for the whole file, and make the tables.

    Totals are only read here: another test checks that the product blocks on wrong ones.
    """
    if not entries:
        raise RefusedError("no rows")
    cells = [e.amount for e in entries if e.amount is not None]
    cells += [total.amount for total in totals if total.amount.strip()]
    if any(foreign(cell) for cell in cells):
        raise RefusedError("currency")
    said = [amount(cell) for cell in cells]
    point = any(set(values) == {"."} for values in said)
    comma = any(set(values) == {","} for values in said)
    either = any(len(values) == 2 and values["."] != values[","] for values in said)
    if (point and comma) or (either and not point and not comma):
        raise RefusedError("decimal mark")
    mark = "," if comma else "."
    threes = [c for c, v in zip(cells, said, strict=True) if len(v) == 2 and v["."] != v[","]]
    if (
        (point or comma)
        and any(re.search(rf"[{mark}][0-9]{{3}}[^0-9]*$", cell) for cell in threes)
        and not any(
            set(v) == {mark}
            and (
                re.search(rf"[{mark}][0-9]{{3,12}}[^0-9]*$", cell) or ("." in cell and "," in cell)
            )
            for cell, v in zip(cells, said, strict=True)
        )
    ):
        raise RefusedError("three decimals")
    read_ = []
    for entry in entries:
        found = account(entry.account or "")
        usd = amount(entry.amount).get(mark) if entry.amount is not None else None
        read_.append((entry, found, usd))
    ids = [found[0] for _, found, _ in read_ if found is not None]
    if 2 * sum(id_.endswith("000000") for id_ in ids) > len(ids) and any(
        re.fullmatch("[1-9][0-9]{5}0{6}", id_) for id_ in ids
    ):
        raise RefusedError("rounded ids")
    known = [usd for entry, _, usd in read_ if usd is not None and not entry.out]
    any_up, any_down = any(u > 0 for u in known), any(u < 0 for u in known)
    flip = negative
    if negative and any_up and not any_down:
        flip = False
    if not negative and any_down and not any_up:
        flip = True
    months: dict[str | None, Month] = {}
    names = {entry.month for entry in entries if entry.month is not None} or {None}
    bad_totals = [t for t in totals if t.amount.strip() and mark not in amount(t.amount)]
    if any(not total.record for total in bad_totals):
        raise RefusedError("total")
    differing: dict[str | None, list[tuple[str, Decimal]]] = {}
    for name in names:
        month = months[name] = Month()
        month.rejected += [t.line for t in bad_totals if t.month in {None, name}]
        firsts: dict[str, tuple[Decimal, int, bool]] = {}
        seen: dict[str, list[tuple[str, ...] | None]] = {}
        further: list[tuple[str, Decimal]] = []
        for entry, found, usd in read_:
            if (entry.month is not None and entry.month != name) or entry.out:
                continue
            if entry.bad or found is None or usd is None:
                month.rejected.append(entry.line)
                continue
            value = usd.copy_negate() if flip and usd else usd
            id_, padded = found
            if id_ not in firsts:
                firsts[id_] = (value, entry.line, padded)
                month.rows[id_] = (value, entry.line)
            elif adds_up:
                with localcontext(prec=60):
                    month.rows[id_] = (month.rows[id_][0] + value, month.rows[id_][1])
            else:
                first = firsts[id_]
                same = (
                    value == first[0] and padded == first[2]
                    if first_counts
                    else entry.cells is not None and entry.cells in seen[id_]
                )
                month.repeated.append((entry.line, first[1], same))
                if not same:
                    further.append((id_, value))
            seen.setdefault(id_, []).append(entry.cells)
        month.rejected.sort()
        differing[name] = further
    if not first_counts:
        add_what_a_total_proves(months, differing, totals, mark, flip=flip)
    return Result(layout, months, any_up and any_down)


def add_what_a_total_proves(
    months: dict[str | None, Month],
    differing: dict[str | None, list[tuple[str, Decimal]]],
    totals: list[Total],
    mark: str,
    *,
    flip: bool,
) -> None:
    """Count an account's further rows where the total of the month or of the file counts them."""
    with localcontext(prec=60):
        sums = {
            name: sum((usd for usd, _ in month.rows.values()), Decimal(0))
            + sum((usd for _, usd in differing[name]), Decimal(0))
            for name, month in months.items()
        }
        whole = sum(sums.values(), Decimal(0))
        for name, month in months.items():
            if not any(
                proves(total, whole if total.month is None else sums[name], mark, flip=flip)
                for total in totals
                if not total.part and total.month in {None, name}
            ):
                continue
            for id_, value in differing[name]:
                month.rows[id_] = (month.rows[id_][0] + value, month.rows[id_][1])


def proves(total: Total, everything: Decimal, mark: str, *, flip: bool) -> bool:
    """Whether a total is the sum of all rows, rounded if it has fewer decimals."""
    stated = amount(total.amount).get(mark)
    if stated is None or not total.amount.strip():
        return False
    if flip:
        stated = -stated
    tail = re.search(rf"[{mark}]([0-9]+)[^0-9]*$", total.amount)
    decimals = max(2, len(tail[1]) if tail else 0)
    places = len(format(everything, "f").partition(".")[2].rstrip("0"))
    return abs(stated - everything) <= (
        Decimal(5).scaleb(-decimals - 1) if places > decimals else 0
    )


def with_ends(cells: list[str]) -> tuple[str, ...]:
    """A row word for word, without blank cells at its end."""
    end = max((i for i, cell in enumerate(cells, start=1) if bare(cell)), default=0)
    return tuple(cell if bare(cell) else "" for cell in cells[:end])


def texts_of(cells: list[str]) -> tuple[str, ...]:
    found = [bare(cell) for cell in cells]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def sorted_rows(
    records: list[Record], at: int, doubted: set[int], header: list[str] | None = None
) -> tuple[list[Record], list[Record]]:
    """The rows with a credit, and the rows that state a total."""
    rows, totals = [], []
    for record in records:
        if not filled(record):
            continue
        cell = record.cells[at] if at < len(record.cells) else ""
        if not re.search("[0-9\uff10-\uff19]{9}", cell) and record.line not in doubted:
            label = unwrapped(cell)
            some = [c for c in record.cells if bare(c)]
            if len(some) > 1 and any(totals_label(c) for c in ([label] if label else some)):
                totals.append(record)
                continue
            if header is not None and texts_of(record.cells) == texts_of(header):
                continue
            if ruled(record.cells):
                continue
            if (
                len(some) == 1
                and any(map(str.isalpha, some[0]))
                and not amount(some[0])
                and not totals_label(some[0])
            ):
                looked_at(some[0])
                continue
        rows.append(record)
    return rows, totals


def looked_at(text: str) -> None:
    try:
        reference_meaning.check_line(bare(text))
    except reference_meaning.MeaningError as error:
        raise RefusedError(str(error)) from error


def cell_of(record: Record, column: int) -> str | None:
    return record.cells[column] if column < len(record.cells) else None


def read_headerless(records: list[Record]) -> Result:
    start = first_filled(records)
    if max(len(r.cells) for r in records) > start + 2 and not any(
        re.search("[0-9]", cell_of(r, start + 1) or "") for r in records
    ):
        raise RefusedError("more columns")
    third = {bare(c) for r in records if (c := cell_of(r, start + 2))} - {""}
    # Empty brackets mean nothing.
    words = {c.lower().strip("[]()") for c in third}
    dollars = bool(words) and words <= set(DOLLARS) - {""}
    doubted = {
        r.line
        for r in records
        if not r.fits
        or any(bare(c) for c in r.cells[start + (3 if dollars else 2) :])
        or label_and_number(cell_of(r, start) or "")
    }
    rows, totals = sorted_rows(records, start, doubted)
    entries = []
    titled = titled_month(notes_in([r for r in records if r.line not in doubted]))
    for record in rows:
        bad = record.line in doubted
        entries.append(
            Entry(
                record.line,
                cell_of(record, start),
                None if bad else cell_of(record, start + 1),
                month=titled,
                bad=bad,
            )
        )
    return finish(
        "headerless",
        entries,
        [Total(t.line, cell_of(t, start + 1) or "", titled) for t in totals],
        first_counts=True,
    )


def split_header(records: list[Record]) -> tuple[list[str], list[Record], int]:
    at = header_row(records)
    if at is None:
        raise RefusedError("no header")
    joined = second_line(records, at)
    if joined is not None:
        return joined, records[at + 2 :], records[at].line
    return records[at].cells, records[at + 1 :], records[at].line


def account_column(cells: list[str], rows: list[Record]) -> int:
    named = [i for i, cell in enumerate(cells) if headers.is_account(cell)]
    vague = {"", "id", "ids", "no", "nr", "number", "nummer", "numero"}
    unnamed = [i for i, cell in enumerate(cells) if headers.key(cell) in vague]

    def holds(i: int) -> bool:
        return any(account_like(c) for r in rows if (c := cell_of(r, i)) is not None)

    holding = list(filter(holds, named))
    if not holding and len([i for i in unnamed if holds(i)]) == 1:
        return next(filter(holds, unnamed))
    if not named:
        raise RefusedError("no account column")
    for other in holding[1:]:
        for record in rows:
            one, two = (account(cell_of(record, i) or "") for i in (holding[0], other))
            if two and (one is None or one[0] != two[0]):
                raise RefusedError("two accounts")
    if len(holding) > 1:
        exact = [i for i in holding if headers.key(cells[i]).endswith(("id", "number"))]
        return (exact or holding)[0]
    return (holding or named)[0]


def credit_columns(cells: list[str], rows: list[Record], taken: set[int]) -> list[int]:
    free = [i for i in range(len(cells)) if i not in taken]
    exact = [i for i in free if headers.is_amount(cells[i])]
    width = max((len(r.cells) for r in rows), default=0)

    def contents(i: int) -> list[str]:
        return [c for r in rows if (c := cell_of(r, i)) is not None]

    loose = [
        i
        for i in free
        if i not in exact
        and headers.may_be_amount(cells[i])
        and any(unwrapped(c) and amount(c) for c in contents(i))
    ]
    used = [i for i in exact if i < width and any(bare(c) for c in contents(i))]
    return sorted((used or exact[:1]) + loose)


def surely_credits(header: str) -> bool:
    return headers.is_amount(header) or headers.reads_as_amount(header)


def in_doubt(
    cells: list[str], rows: list[Record], amounts: list[int], anchors: set[int] | None = None
) -> set[int]:
    """Lines with misplaced quotes, more cells than the header, or an amount cut in two."""
    last = max(i for i, cell in enumerate(cells) if bare(cell))
    counts = {len(record.cells) for record in rows if filled(record)}
    shifts = anchors is None
    if anchors is not None and max(anchors) < amounts[0]:
        numbers_behind = any(
            unwrapped(cell) and amount(cell)
            for record in rows
            for cell in record.cells[amounts[0] + 1 : last + 1]
        )
        shifts = amounts[0] - max(anchors) > 1 or numbers_behind
    if len(counts) == 1 and counts >= {max(len(cells), *counts)}:
        shifts = False
    return {
        record.line
        for record in rows
        if not record.fits
        or (shifts and len(record.cells) != len(cells))
        or any(bare(cell) for cell in record.cells[last + 1 :])
        or doubtful(cells, rows, record, amounts)
    }


def doubtful(cells: list[str], rows: list[Record], record: Record, amounts: list[int]) -> bool:
    for i in amounts:
        one = bare_ends(cell_of(record, i) or "")
        following = cell_of(record, i + 1)
        if following is None:
            continue
        two = bare_ends(following)
        headed = r"[-(+]?\s*(US)?\$?\s*[-(+]?[0-9]{1,3}"
        whole = r"[-(+]?\s*(US)?\$?\s*[-(+]?[0-9]+"
        if re.fullmatch(headed, one) and re.fullmatch(r"[0-9]{3}\.[0-9]+[)-]?", two):
            named = i + 1 < len(cells) and "name" in headers.key(cells[i + 1])
            contents = [c for r in rows if (c := cell_of(r, i + 1)) is not None]
            if i + 1 in amounts:
                named, contents = False, []
            if named or any(unwrapped(c) and not amount(c) for c in contents):
                return True
            column = [bare_ends(c) for r in rows if (c := cell_of(r, i)) is not None]
            if any(re.search(r"[0-9]\.[0-9]{2}$", c) for c in column):
                return True
        if (
            record.comma
            and len(record.cells) > len(cells)
            and re.fullmatch(whole, one)
            and re.fullmatch(r"[0-9]+[)-]?", two)
        ):
            return True
    return False


def read_header(records: list[Record]) -> Result:
    cells, rows, _ = split_header(records)
    at = account_column(cells, rows)
    candidates = credit_columns(cells, rows, {at})
    if len(candidates) != 1 or headers.foreign_in(cells[candidates[0]]):
        raise RefusedError("credit column")
    if not surely_credits(cells[candidates[0]]):
        raise RefusedError("which column")
    (credit,) = candidates
    if month_columns(cells) or months_by_value(cells, rows, at, credit):
        return read_long(records)
    above = [
        ": ".join(bare(c).rstrip(":") for c in r.cells if bare(c))
        for r in records[: header_row(records)]
    ]
    titled = titled_month(above + notes_in(rows))
    months = None if titled is None else {record.line: titled for record in rows}
    return rows_result("header", cells, rows, at, credit, {at}, months)


def months_by_value(cells: list[str], rows: list[Record], at: int, credit: int) -> list[int]:
    """Columns without a month's name, all of whose cells in whole rows are months."""
    doubted = in_doubt(cells, rows, [credit], {at, *month_columns(cells)})
    whole = [r for r in rows if r.line not in doubted]
    found = []
    for i, cell in enumerate(cells):
        texts = [
            bare(c)
            for r in whole
            if account(cell_of(r, at) or "") and bare(c := cell_of(r, i) or "")
        ]
        # Under a name for amounts, a number is an amount.
        money = headers.is_amount(cell) or headers.may_be_amount(cell)
        numbers = money and any(re.fullmatch("[0-9.,]+", text) for text in texts)
        if i != at and texts and all(map(months_of, texts)) and not numbers:
            found.append(i)
    return found


MADE = re.compile(
    r"\b(?:prepared|generated|created|exported|printed|run|downloaded|updated|as of|published"
    r"|issued"
    r"|version|ref|reference|no|number|id|invoice|memo|erstellt|stand|sent|rev|nr)\b"
)


def titled_month(lines: list[str]) -> str | None:
    """The only month that titles and notes name."""
    found = set()
    for line in lines:
        text = bare(line)
        for match in re.finditer(
            r"(?<![\w/.-])(?:(?:19|20)[0-9]{2}-[0-9]{2}(?:-[0-9]{2})?"
            r"|[0-9]{1,2}[./][0-9]{1,2}[./](?:19|20)[0-9]{2}"
            r"|(?:0[1-9]|1[0-2])/(?:19|20)[0-9]{2}|[^\W\d_]{3,9}\.? (?:[0-9]{1,2}(?:st|nd|rd"
            r"|th)?,? )?(?:19|20)[0-9]{2})(?![\w/-])",
            text,
        ):
            if MADE.search(reference_meaning.lowered(text[: match.start()])):
                continue
            months = months_of(match[0])
            if len({month[:2] for month in months.values()}) == 1 and len(months) == 2:
                found |= {month_name(month) for month in months.values()}
    if len(found) > 1:
        raise RefusedError("two months")
    return found.pop() if found else None


def notes_in(rows: list[Record]) -> list[str]:
    """Lines that contain one text and nothing else."""
    found = []
    for record in rows:
        cells = [cell for cell in record.cells if bare(cell)]
        if (
            len(cells) == 1
            and not totals_label(cells[0])
            and re.search(r"[^\W\d_]", cells[0])
            and not re.search("[0-9]{9}", cells[0])
        ):
            found.append(cells[0])
    return found


def is_part(record: Record) -> bool:
    """Whether the row of a total is one of subtotals."""
    return any(
        re.match(r"sub[- ]?total|zwischensumme|sous[- ]total|page[- ]?total", unwrapped(c).lower())
        for c in record.cells
    )


def rows_result(
    layout: str,
    cells: list[str],
    rows: list[Record],
    at: int,
    credit: int,
    anchors: set[int],
    months: dict[int, str | None] | None,
) -> Result:
    out = in_doubt(cells, rows, [credit], anchors) | {
        record.line
        for record in rows
        if re.search(r"[^\W\d_].*[0-9]{9}|[0-9]{9}.*[^\W\d_]", cell_of(record, at) or "")
        and not bare(cell_of(record, credit) or "")
    }
    good, totals = sorted_rows(rows, at, out, cells)
    try:
        excluded = reference_meaning.left_out(
            cells,
            [(r.line, r.cells) for r in good if r.line not in out],
            {at, credit, *anchors},
            bare,
        )
    except reference_meaning.MeaningError as error:
        raise RefusedError(str(error)) from error
    entries = []
    for record in good:
        doubted = record.line in out
        month = None if months is None else months[record.line]
        entries.append(
            Entry(
                record.line,
                cell_of(record, at),
                None if doubted else cell_of(record, credit),
                month=month,
                bad=doubted or (months is not None and month is None),
                cells=with_ends(record.cells),
                out=record.line in excluded,
            )
        )
    stated = [
        Total(
            t.line,
            cell_of(t, credit) or "",
            None if months is None else months[t.line],
            part=is_part(t),
        )
        for t in totals
    ]
    return finish(layout, entries, stated)


def read_long(  # noqa: C901, PLR0912 - one rule after the other
    records: list[Record],
) -> Result:
    cells, rows, _ = split_header(records)
    at = account_column(cells, rows)
    named = month_columns(cells)
    candidates = credit_columns(cells, rows, {at, *named})
    if len(candidates) != 1 or headers.foreign_in(cells[candidates[0]]):
        raise RefusedError("credit column")
    if not surely_credits(cells[candidates[0]]):
        raise RefusedError("which column")
    # A column without values means nothing: then the file's name gives the month. A repeated header
    # is not a value, and a row that is not whole has none.
    torn = in_doubt(cells, rows, [candidates[0]], {at, *named})
    valued = [r for r in rows if r.line not in torn and texts_of(r.cells) != texts_of(cells)]
    dates = [column for column in named if any(bare(cell_of(r, column) or "") for r in valued)]
    if all(bare(cells[column]).lower() == "year" for column in dates):
        dates += months_by_value(cells, rows, at, candidates[0])
    if not dates and named:
        layout = "long" if headers.is_account(cells[at]) else "header"
        return rows_result(layout, cells, rows, at, candidates[0], {at, *named}, None)
    if not dates:
        raise RefusedError("no months")
    year = dates[0] if bare(cells[dates[0]]).lower() == "year" else None
    readings: dict[int, list[dict[str, tuple[int, int, int | None]]]] = {}
    doubted = {
        bare(text)
        for record in rows
        for column in dates
        if re.fullmatch(r"[^\W\d_]+\.? [0-9]{2}", bare(text := cell_of(record, column) or ""))
    }
    if len({text[-2:] for text in doubted}) == 1 and len(doubted) > 1:
        doubted = set()
    for record in rows:
        readings[record.line] = []
        for column in dates:
            text = cell_of(record, column)
            if column == year or text is None or (not bare(text) and column != dates[-1]):
                continue
            own = {} if bare(text) in doubted else months_of(text)
            if year is not None:
                named = bare(cell_of(record, year) or "").removesuffix(".0")
                if own:
                    agrees = all(named in {"", str(month[0])} for month in own.values())
                    own = own if agrees else {}
                else:
                    own = months_of(f"{named}-{bare(text).removesuffix('.0')}")
            readings[record.line].append(own)
    every = [reading for found in readings.values() for reading in found if reading]
    uncertain = [r for r in every if len({m[:2] for m in r.values()}) != 1 or len(r) == 1]
    order = "mdy"
    if uncertain:
        fits = [o for o in ("mdy", "dmy") if all(o in reading for reading in uncertain)]
        if len(fits) != 1:
            raise RefusedError("months")
        (order,) = fits
    months = {}
    for line, found in readings.items():
        named = {month_name(r[order]) if order in r else None for r in found}
        months[line] = named.pop() if len(named) == 1 else None
    return rows_result("long", cells, rows, at, candidates[0], {at, *month_columns(cells)}, months)


def one_reading(texts: list[dict[str, tuple[int, int, int | None]]]) -> list[str]:
    found = []
    for order in ("mdy", "dmy"):
        if all(order in text for text in texts):
            names = [month_name(text[order]) for text in texts]
            if len(set(names)) == len(names):
                found.append(names)
    if not found or found[0] != found[-1]:
        raise RefusedError("months")
    return found[0]


def read_wide(records: list[Record]) -> Result:
    cells, rows, _ = split_header(records)
    at = account_column(cells, rows)
    columns = [i for i, cell in enumerate(cells) if month_header(cell) and i != at]
    names = one_reading([month_header(cells[i]) for i in columns])
    sums = [i for i, c in enumerate(cells) if headers.is_total(c) and i not in {at, *columns}]
    others = credit_columns(cells, rows, {at, *columns, *sums})
    if any(bare(cell_of(r, i) or "") for r in rows for i in others):
        raise RefusedError("more amounts")
    if any(headers.foreign_in(cells[i]) for i in columns):
        raise RefusedError("currency")
    out = in_doubt(cells, rows, [*columns, *sums])
    good, totals = sorted_rows(rows, at, out, cells)
    entries, stated = [], []
    for column, name in zip(columns, names, strict=True):
        if not any(bare(cell_of(record, column) or "") for record in rows):
            continue
        for record in good:
            doubted = record.line in out
            entries.append(
                Entry(
                    record.line,
                    cell_of(record, at),
                    None if doubted else cell_of(record, column),
                    month=name,
                    bad=doubted,
                    cells=with_ends(record.cells),
                )
            )
        stated += [Total(t.line, cell_of(t, column) or "", name, part=is_part(t)) for t in totals]
    stated += [Total(r.line, cell_of(r, i) or "", record=False) for r in rows for i in sums]
    return finish("wide", entries, stated)


def without_currency(cell: str) -> str:
    return re.sub(r" *\((\$|USD|US\$)\)$", "", bare(cell), flags=re.IGNORECASE)


def read_cost_explorer(records: list[Record]) -> Result:  # noqa: C901, PLR0912 - one rule after the other
    labels = CE_LABELS
    width = max(len(record.cells) for record in records)
    table = [[*r.cells, *[""] * (width - len(r.cells))] for r in records]
    head = []
    for index, row in enumerate(table):
        if months_of(row[0]):
            break
        if any(bare(cell) for cell in row):
            head.append(index)
    titled = [i for i in head if headers.key(table[i][0]) in labels]
    ids = next(
        (i for i in titled if any(account_like(without_currency(c)) for c in table[i][1:])), None
    )
    if ids is None:
        raise RefusedError("no ids")
    names = [i for i in titled if i != ids]
    sums = next(
        (
            i
            for i in head
            if headers.key(table[i][0]).startswith(CE_TOTALS) or totals_label(table[i][0])
        ),
        None,
    )
    columns, total_columns = [], []
    for column in range(1, width):
        tops = [table[i][column] for i in (ids, *names)]
        for top in tops:
            text = bare(top)
            if text.endswith(")") and headers.foreign_in(text[text.rfind("(") :]):
                raise RefusedError("currency")
        if any(bare(row[column]) for row in table):
            total = not account_like(without_currency(tops[0])) and any(
                map(headers.is_total_column, tops)
            )
            (total_columns if total else columns).append(column)
    special = {ids, sums, *names}
    found = {
        i: months_of(row[0])
        for i, row in enumerate(table)
        if i not in special and any(bare(cell) for cell in row)
    }
    known = {i: text for i, text in found.items() if text}
    for text in known.values():
        days = {m[2] for m in text.values()}
        if len(text) == 2 and text["mdy"][:2] != text["dmy"][:2]:
            continue
        if days - {None, 1}:
            raise RefusedError("days")
    months = dict(zip(known, one_reading(list(known.values())), strict=True)) if known else {}
    entries, stated = [], []
    for index in found:
        month = months.get(index)
        row = table[index]
        if month is not None and not any(bare(row[column]) for column in columns):
            continue
        fits = records[index].fits and records[ids].fits
        entries += [
            Entry(
                records[index].line,
                without_currency(table[ids][column]),
                row[column] if fits else None,
                month=month,
                bad=month is None or not fits,
            )
            for column in columns
        ]
        line = records[index].line
        stated += [
            Total(line, row[column], record=False) for column in total_columns if month is not None
        ]
    if sums is not None:
        stated += [
            Total(records[sums].line, table[sums][column], record=False, part=column in columns)
            for column in (*columns, *total_columns)
        ]
    return finish("cost_explorer", entries, stated, negative=True)


def read_aws_billing(records: list[Record]) -> Result:  # noqa: C901, PLR0912, PLR0915 - one rule after the other
    cells, rows, _ = split_header(records)
    for record in filter(lambda one: one.fits, rows):
        for i, cell in enumerate(cells):
            said = reference_meaning.lowered(bare(cell_of(record, i) or ""))
            if headers.key(cell) == "currencycode" and said not in DOLLARS:
                raise RefusedError("currency")
    keys = [headers.key(cell) for cell in cells]

    def at(record: Record, key: str) -> str:
        return bare_ends(cell_of(record, keys.index(key)) or "") if key in keys else ""

    credit = keys.index("credits")
    every = [amount(cell_of(r, credit) or "") for r in rows]
    if any(foreign(cell_of(r, credit) or "") for r in rows):
        raise RefusedError("currency")
    point = any(set(values) == {"."} for values in every)
    comma = any(set(values) == {","} for values in every)
    either = any(len(v) == 2 and v["."] != v[","] for v in every)
    if (point and comma) or (either and not point and not comma):
        raise RefusedError("mark")
    mark = "," if comma else "."

    def usd(record: Record) -> Decimal | None:
        return amount(cell_of(record, credit) or "").get(mark)

    kinds = {r.line: at(r, "recordtype").lower() for r in rows}
    linked = [usd(r) for r in rows if kinds[r.line] == "linkedlineitem"]
    payer = [
        usd(r) for r in rows if kinds[r.line] == "payerlineitem" and not at(r, "linkedaccountid")
    ]
    repeats = False
    if any(linked) and any(payer):
        own, extra = sum(filter(None, linked)), sum(filter(None, payer))
        told = False
        for kind in ("statementtotal", "invoicetotal"):
            stated = [usd(r) for r in rows if kinds[r.line] == kind]
            if stated and not told:
                total, off = sum(filter(None, stated)), Decimal("0.005") * len(stated)
                if abs(total - own - extra) <= off:
                    told = True
                elif abs(total - own) <= off and abs(extra - own) <= off:
                    told = repeats = True
        if not told:
            raise RefusedError("payer")

    every_date = [
        months_of(at(r, key))
        for r in rows
        for key in ("billingperiodstartdate", "billingperiodenddate")
    ]
    unsure = [d for d in every_date if d and (len(d) == 1 or d["mdy"][:2] != d["dmy"][:2])]
    fitting = [o for o in ("mdy", "dmy") if all(o in d for d in unsure)]
    order = "mdy" if not unsure else fitting[0] if len(fitting) == 1 else "none"

    def period_month(record: Record) -> str | None:
        reading = months_of(at(record, "billingperiodstartdate"))
        return month_name(reading[order]) if order in reading else None

    out = in_doubt(cells, rows, [])
    entries, stated_totals = [], []
    for record in rows:
        kind = kinds[record.line]
        if not filled(record):
            continue
        own_payer = kind == "payerlineitem" and not at(record, "linkedaccountid")
        doubted = record.line in out
        is_total = kind in {"accounttotal", "invoicetotal", "statementtotal"}
        if not doubted and (is_total or (own_payer and repeats)):
            stated_totals.append((record, cell_of(record, credit) or ""))
            continue
        unknown = kind not in {"linkedlineitem", "payerlineitem"}
        nothing = not bare(cell_of(record, credit) or "") or usd(record) == 0
        if unknown and not doubted and nothing:
            continue
        month = period_month(record)
        undated = "billingperiodstartdate" not in keys or all(
            not at(r, "billingperiodstartdate") for r in rows
        )
        entries.append(
            Entry(
                record.line,
                at(record, "linkedaccountid") or at(record, "payeraccountid"),
                None if doubted else cell_of(record, credit),
                month=month,
                bad=doubted or unknown or (month is None and not undated),
            )
        )
    stated = [Total(record.line, cell, period_month(record)) for record, cell in stated_totals]
    return finish("aws_billing", entries, stated, negative=True, adds_up=True)


def read_headerless_wide(
    records: list[Record], delimiter: str, first_month: tuple[int, int] | None
) -> Result:
    start = first_filled(records)
    numbered = [r for r in records if re.search("[0-9]", cell_of(r, start) or "")]
    counts = Counter(len(r.cells) for r in numbered).most_common()
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        raise RefusedError("lengths")
    usual = counts[0][0]
    last = max(
        (
            i
            for r in numbered
            if len(r.cells) == usual
            for i in range(start + 1, usual)
            if bare(r.cells[i])
        ),
        default=start + 1,
    )
    if first_month is None:
        raise RefusedError("only a person knows the first month")
    columns = range(start + 1, last + 1)
    if delimiter == ",":
        for column in columns[:-1]:
            pairs = [
                (bare_ends(cell_of(r, column) or ""), bare_ends(cell_of(r, column + 1) or ""))
                for r in records
            ]
            pairs = [pair for pair in pairs if all(pair)]
            if pairs and all(
                re.fullmatch(r"[-(+]?\s*(US)?\$?\s*[-(+]?[0-9]{1,3}", one)
                and re.fullmatch(r"[0-9]{3}(\.[0-9]+)?[)-]?", two)
                for one, two in pairs
            ):
                raise RefusedError("cut in two")
    doubted = {
        r.line
        for r in records
        if not r.fits
        or any(bare(cell) for cell in r.cells[last + 1 :])
        or label_and_number(cell_of(r, start) or "")
        or (len(r.cells) <= last and (cell_of(r, start) or "") != "")
    }
    rows, totals = sorted_rows(records, start, doubted)
    entries, stated = [], []
    for index, column in enumerate(columns):
        if not any(bare(cell_of(r, column) or "") for r in records):
            continue
        year, month = divmod(first_month[0] * 12 + first_month[1] - 1 + index, 12)
        name = f"{year:04d}-{month + 1:02d}"
        entries += [
            Entry(
                r.line,
                cell_of(r, start),
                None if r.line in doubted else cell_of(r, column),
                month=name,
                bad=r.line in doubted,
            )
            for r in rows
        ]
        stated += [Total(t.line, cell_of(t, column) or "", name, part=is_part(t)) for t in totals]
    return finish("headerless_wide", entries, stated, first_counts=True)


READERS = {
    "headerless": read_headerless,
    "header": read_header,
    "long": read_long,
    "wide": read_wide,
    "cost_explorer": read_cost_explorer,
    "aws_billing": read_aws_billing,
}
