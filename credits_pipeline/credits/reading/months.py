"""Months as people and spreadsheets write them: ``2025-01``, ``Jan-25``, ``1/1/2025``.

A date such as ``2/1/2025`` is 1 February or 2 January: all cells together decide which.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading.characters import clean

Order = Literal["month_first", "day_first"]

#: English, German, French, Spanish, Italian, Portuguese and Dutch, in full and abbreviated.
_NAMES = {
    1: "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari",
    2: "february feb februar février févr fev febrero febbraio fevereiro februari",
    3: "march mar märz mrz mär mars marzo março maart mrt",
    4: "april apr avril avr abril abr aprile",
    5: "may mai mayo maggio mag maio mei",
    6: "june jun juni juin junio giugno giu junho",
    7: "july jul juli juillet juil julio luglio lug julho",
    8: "august aug août agosto ago augustus",
    9: "september sep sept septembre septiembre settembre set setembro",
    10: "october oct oktober okt octobre octubre ottobre ott outubro out",
    11: "november nov novembre noviembre novembro",
    12: "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
}
BY_NAME = {name: number for number, names in _NAMES.items() for name in names.split()} | {
    "aout": 8,
    "decembre": 12,
    "fevrier": 2,
    "fevr": 2,
    "marz": 3,
    "maerz": 3,
    "marco": 3,
}
#: Longer texts are not months.
_LONGEST = 60
_NAME = r"(?P<name>[^\W\d_]+)\.?"
_TIME = (
    r"(?:[ T](?:0?0:00(?::00(?:\.0+)?)?|23:59(?::59(?:\.9+)?)?)(?: ?(?:Z|UTC|\+00:?00))?"
    r"| ?(?:Z|UTC))?"
)
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_SHORT_YEAR = r"'?(?P<short>[0-9]{2})"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YEAR}[-/.](?P<month>[0-9]{{1,2}})",
        rf"{_YEAR}(?P<month>[0-9]{{2}})",
        rf"{_YEAR}[-/.](?P<month>[0-9]{{1,2}})[-/.](?P<day>[0-9]{{1,2}}){_TIME}",
        rf"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})",
        rf"(?P<month>[0-9]{{1,2}})[-/.]{_YEAR}",
        rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}{_TIME}",
        rf"(?P<first>[0-9]{{1,2}})[/-](?P<second>[0-9]{{1,2}})[/-]{_YEAR}{_TIME}",
        rf"{_NAME}[ ,./-]*{_YEAR}",
        rf"{_NAME}[ ./-]*{_SHORT_YEAR}",
        rf"{_YEAR}[ ,./-]*{_NAME}",
        rf"{_NAME} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}",
        rf"(?P<day>[0-9]{{1,2}})\.?[ /-]{_NAME}[ /-]{_YEAR}",
        rf"(?P<day>[0-9]{{1,2}})-{_NAME}-{_SHORT_YEAR}",
        rf"{_YEAR}年(?P<month>[0-9]{{1,2}})月",
    )
)
_DAY_OR_YEAR = re.compile(r"[^\W\d_]+\.? [0-9]{2}")
#: Spreadsheets count days; these are the years 2000 to 2064.
_SERIAL = re.compile(r"(?:3[6-9]|4[0-9]|5[0-9])[0-9]{3}(?:\.0+)?")
_SERIAL_START = date(1899, 12, 30)
#: Two digits beside a month's name above this number are a day: ``Jan 31``.
_LATEST_SHORT_YEAR = 30
_PERIOD = re.compile(r"(?P<start>.{6,}?) ?(?: - | to |/)(?P<end>.{6,})", re.IGNORECASE)
_BARE_NAME = re.compile(_NAME, re.IGNORECASE)


@dataclass(frozen=True)
class MonthText:
    """The months that a text can mean.

    Attributes:
        month_first: the month if ``2/1`` means 1 February.
        day_first: the month if it means 2 January.
        day: the day of the month if both readings agree on it; None for a bare month.
    """

    month_first: BillingMonth | None
    day_first: BillingMonth | None
    day: int | None = None

    @property
    def certain(self) -> bool:
        """Whether both readings name the same month."""
        return self.month_first == self.day_first

    def under(self, order: Order) -> BillingMonth | None:
        """The month under one reading."""
        return self.month_first if order == "month_first" else self.day_first


def month_text(text: str) -> MonthText | None:
    """What a text can mean as a month, or None if it is not one."""
    cell = clean(text)
    if len(cell) > _LONGEST:
        return None
    for form in _FORMS:
        match = form.fullmatch(cell)
        if match is not None:
            found = _read(match)
            if found is not None:
                return found
    period = _PERIOD.fullmatch(cell)
    if period is not None:
        start, end = month_text(period["start"]), month_text(period["end"])
        if start is not None and start.certain and start == _same_month(start, end):
            return start
    return None


def _same_month(start: MonthText, end: MonthText | None) -> MonthText | None:
    if end is None or end.month_first != start.month_first or end.day_first != start.day_first:
        return None
    return start


def _read(match: re.Match[str]) -> MonthText | None:
    parts = match.groupdict()
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    if year > 2000 + _LATEST_SHORT_YEAR and not parts.get("year"):
        return None
    if parts.get("first") is not None:
        first, second = int(parts["first"]), int(parts["second"])
        by_month, by_day = _month(year, first, second), _month(year, second, first)
        if by_month is None and by_day is None:
            return None
        if by_month is None or by_day is None:
            only = by_month or by_day
            day = second if by_month is not None else first
            return MonthText(by_month, by_day, day) if only is not None else None
        return MonthText(by_month, by_day, second if first == second else None)
    name = parts.get("name")
    number = int(parts["month"]) if name is None else BY_NAME.get(name.casefold(), 0)
    given = int(parts["day"]) if parts.get("day") else None
    month = _month(year, number, 1 if given is None else given)
    return None if month is None else MonthText(month, month, given)


def _month(year: int, month: int, day: int) -> BillingMonth | None:
    try:
        date(year, month, day)
        return BillingMonth(year, month)
    except ValueError:
        return None


def order_of(texts: Iterable[MonthText]) -> Order | None:
    """Which reading of ``2/1`` all of the texts allow; None if both or neither does."""
    uncertain = [text for text in texts if not text.certain]
    month_first = all(text.month_first is not None for text in uncertain)
    day_first = all(text.day_first is not None for text in uncertain)
    if not uncertain or (month_first and not day_first):
        return "month_first"
    return "day_first" if day_first and not month_first else None


def serial_month(text: str) -> MonthText | None:
    """The month whose first day a spreadsheet's number represents, such as 45658."""
    cell = clean(text)
    if _SERIAL.fullmatch(cell) is None:
        return None
    day = _SERIAL_START + timedelta(days=int(cell[:5]))
    if day.day != 1:
        return None
    month = BillingMonth(day.year, day.month)
    return MonthText(month, month, 1)


def is_day_or_year(text: str) -> bool:
    """Whether a month's name is followed by two digits that can be a day or a year: ``Jan 25``."""
    return _DAY_OR_YEAR.fullmatch(clean(text)) is not None


def is_month_name(text: str) -> bool:
    """Whether a text is the bare name of a month, without a year."""
    match = _BARE_NAME.fullmatch(clean(text))
    return match is not None and match["name"].casefold() in BY_NAME
