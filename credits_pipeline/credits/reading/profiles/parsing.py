"""From a profile's TOML to the profile, or an error that names its file, the line and the key."""

import difflib
import re
import tomllib
from collections.abc import Sequence
from typing import Any, NoReturn, cast

from credits_pipeline.core.columns import SCALE
from credits_pipeline.credits.reading.headers import foreign_in
from credits_pipeline.credits.reading.profiles.profile import (
    AmountColumn,
    MonthColumn,
    Profile,
    ProfileError,
    RowRule,
    cell_key,
    matches,
)

#: The form of the file. A later form has another number.
FORM = 1
_TOP = (
    "form name about header ignored notes sum account amount month currency rows".split()  # noqa: SIM905 - reads best as one
)
_KEYS: dict[str, tuple[str, ...]] = {
    "account": ("column",),
    "amount": ("column", "credit", "decimals", "decimal_mark", "exponents"),
    "month": ("column", "until", "year", "month", "dates"),
    "currency": ("column", "stated"),
    "rows": ("column", "count", "leave_out", "estimate", "others"),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DOLLARS = "USD"
_TABLE = re.compile(r"\s*\[\[?\s*(?P<name>[A-Za-z0-9_-]+)\s*\]\]?\s*(?:#.*)?")


def parse(text: bytes, *, file: str, shipped: bool = False) -> Profile:
    """Read a profile.

    Args:
        text: its TOML.
        file: what to call it in errors.
        shipped: it came with the product.

    Raises:
        ProfileError: it can't be used.
    """
    try:
        content = tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        raise ProfileError(f"{file} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{file} is not TOML: {error}.") from error
    return _Reading(file, text.decode().splitlines(), content).profile(text, shipped=shipped)


class _Reading:
    """One profile being read, with the lines of its keys."""

    def __init__(self, file: str, lines: Sequence[str], content: dict[str, Any]) -> None:
        self._file = file
        self._lines = lines
        self._content = content

    def profile(self, text: bytes, *, shipped: bool) -> Profile:
        self._know(self._content, _TOP, "")
        if self._content.get("form") != FORM:
            self._fail("form", f"has to be {FORM}, the form that this release reads")
        name = self._word(self._content, "name", "")
        if not _NAME.fullmatch(name):
            self._fail(
                "name", f"is {name!r}: use small letters, digits, - and _, such as partner-credits"
            )
        made = Profile(
            name=name,
            about=self._word(self._content, "about", "", default=""),
            header=self._words(self._content, "header", ""),
            account=self._columns("account"),
            amount=self._amount(),
            month=self._month(),
            currency=self._currency(),
            rows=self._rows(),
            sums=self._flag(self._content, "sum", ""),
            ignored=self._words(self._content, "ignored", ""),
            notes=self._words(self._content, "notes", ""),
            text=text,
            shipped=shipped,
        )
        self._fitting(made)
        return made

    def _amount(self) -> AmountColumn:
        table = self._table("amount")
        decimals = table.get("decimals")
        if decimals is not None and not (type(decimals) is int and 0 <= decimals <= SCALE):
            self._fail("amount.decimals", f"has to be a whole number from 0 to {SCALE}")
        credit = self._one_of(table, "credit", "amount", ("negative", "positive", "either"))
        mark = self._one_of(table, "decimal_mark", "amount", (".", ","), default=None)
        return AmountColumn(
            column=self._columns("amount"),
            credit=cast("Any", credit),
            decimals=decimals,
            mark=cast("Any", mark),
            exponents=self._flag(table, "exponents", "amount"),
        )

    def _month(self) -> MonthColumn | None:
        if "month" not in self._content:
            return None
        table = self._table("month")
        dates = self._one_of(table, "dates", "month", ("day_first", "month_first"), default=None)
        if ("year" in table) != ("month" in table):
            self._fail("month.year", "and month.month belong together: name both columns")
        if ("column" in table) == ("year" in table):
            self._fail("month", "needs either column, or year and month")
        if "year" in table:
            year, number = (self._word(table, key, "month") for key in ("year", "month"))
            return MonthColumn(year=year, number=number)
        until = self._word(table, "until", "month") if "until" in table else None
        return MonthColumn(self._columns("month"), until, dates=cast("Any", dates))

    def _currency(self) -> tuple[str, ...]:
        table = self._table("currency")
        if ("column" in table) == ("stated" in table):
            self._fail("currency", 'needs either column, or stated = "USD"')
        if "column" in table:
            return self._columns("currency")
        if table["stated"] != _DOLLARS:
            self._fail(
                "currency.stated",
                f"is {table['stated']!r}: only US dollars are sent, so it has to be"
                f" {_DOLLARS!r}; convert other amounts first",
            )
        return ()

    def _rows(self) -> tuple[RowRule, ...]:
        tables = self._content.get("rows", [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            self._fail("rows", "has to be written as [[rows]], once a column")
        made = []
        for number, table in enumerate(tables):
            self._know(table, _KEYS["rows"], "rows", number)
            others = self._one_of(
                table, "others", "rows", ("refuse", "leave_out"), default="refuse", number=number
            )
            rule = RowRule(
                column=self._word(table, "column", "rows", number=number),
                count=self._words(table, "count", "rows", number),
                leave_out=self._words(table, "leave_out", "rows", number),
                estimate=self._words(table, "estimate", "rows", number),
                others=cast("Any", others),
            )
            values = [cell_key(v) for v in (*rule.count, *rule.leave_out, *rule.estimate)]
            if not rule.count:
                self._fail("rows.count", "names no value: say which rows count", number)
            if len(values) != len(set(values)):
                self._fail("rows.count", "and the other lists name a value twice", number)
            made.append(rule)
        return tuple(made)

    def _fitting(self, made: Profile) -> None:
        """Check that the columns fit each other and the header."""
        keys = [cell_key(name) for names in made.used for name in names]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            self._fail("account.column", f"and another key read the same column, {twice!r}")
        for names in made.used:
            foreign = next((f for f in map(foreign_in, names) if f), None)
            if foreign is not None:
                self._fail("amount.column", f"is in {foreign}: only US dollars are sent")
        if not made.header:
            return
        header = [cell_key(cell) for cell in made.header]
        for names in made.used:
            if not any(cell_key(name) in header for name in names):
                self._fail("header", f"lacks the column {names[0]!r}, which another key reads")
        taken = {key for key in keys if key in header}
        for cell in made.header:
            key = cell_key(cell)
            if key in taken and header.count(key) > 1:
                self._fail("header", f"has the column {cell!r} twice, and one of them is read")
            if key not in taken and not matches(made.ignored, key):
                self._fail(
                    "header",
                    f"has the column {cell!r}, which no key reads: read it, or name it in ignored"
                    " if it can't change a dollar, an account or a month",
                )

    def _table(self, name: str) -> dict[str, Any]:
        table = self._content.get(name)
        if table is None:
            self._fail(name, f"is missing: add the table [{name}]")
        if not isinstance(table, dict):
            self._fail(name, f"has to be a table, [{name}]")
        self._know(table, _KEYS[name], name)
        return table

    def _know(
        self, table: dict[str, Any], known: Sequence[str], where: str, number: int = 0
    ) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self._fail(f"{where}.{key}" if where else key, f"is no key: {hint}", number)

    def _columns(self, table: str) -> tuple[str, ...]:
        given = self._table(table).get("column")
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names or not all(_is_name(n) for n in names):
            self._fail(f"{table}.column", "has to name a column, or a list of names for one")
        return tuple(names)

    def _word(
        self, table: dict[str, Any], key: str, where: str, *, default: Any = None, number: int = 0
    ) -> str:
        found = table.get(key, default)
        if not isinstance(found, str) or (default is None and not _is_name(found)):
            self._fail(f"{where}.{key}" if where else key, "has to be a text", number)
        return found

    def _words(
        self, table: dict[str, Any], key: str, where: str, number: int = 0
    ) -> tuple[str, ...]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            self._fail(f"{where}.{key}" if where else key, "has to be a list of texts", number)
        return tuple(found)

    def _flag(self, table: dict[str, Any], key: str, where: str) -> bool:
        found = table.get(key, False)
        if not isinstance(found, bool):
            self._fail(f"{where}.{key}" if where else key, "has to be true or false")
        return found

    def _one_of(
        self,
        table: dict[str, Any],
        key: str,
        where: str,
        known: Sequence[str],
        *,
        default: str | None = "",
        number: int = 0,
    ) -> str | None:
        found = table.get(key, default)
        if found not in known and not (key not in table and default != ""):
            listed = " or ".join(f'"{one}"' for one in known)
            self._fail(f"{where}.{key}", f"has to be {listed}", number)
        return found

    def _fail(self, key: str, says: str, number: int = 0) -> NoReturn:
        line = self._line_of(key, number)
        where = f"{self._file}, line {line}" if line else self._file
        raise ProfileError(f"{where}: {key} {says}.")

    def _line_of(self, key: str, number: int) -> int | None:
        """The line of a key, otherwise the line of its table."""
        table, _, last = key.rpartition(".")
        inside, seen, of_table = "", -1, None
        for index, line in enumerate(self._lines, start=1):
            head = _TABLE.fullmatch(line)
            if head is not None:
                inside = head["name"]
                if inside == (table or key):
                    seen += 1
                    of_table = of_table if seen > number else index
            dotted = rf"\s*{re.escape(table)}\s*\.\s*{re.escape(last)}\s*=" if table else None
            plain = rf"\s*(?:{re.escape(last)}|\"{re.escape(last)}\")\s*="
            if inside == table and seen == (number if table else -1) and re.match(plain, line):
                return index
            if dotted is not None and inside == "" and re.match(dotted, line):
                return index
        return of_table


def _is_name(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())
