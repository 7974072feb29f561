"""Numbers and dates written for people on a page; never for files, which are exact.

The rules: tiles have three significant figures, tables are to the cent, the minus precedes the
currency, a percentage has one decimal, and no comparison is written as a percentage of zero.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
#: Currencies without a smaller unit (ISO 4217).
_WHOLE = {"JPY", "KRW", "CLP", "ISK", "VND"}
_CENT, _TENTH, _ONE = Decimal("0.01"), Decimal("0.1"), Decimal(1)
_UNITS = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "k"))
MINUS = "\N{MINUS SIGN}"
#: From here on a change is shown as a multiple.
_MULTIPLE = Decimal(1000)


def exact(amount: Decimal, currency: str) -> str:
    """An amount to the cent, such as ``$1,234.50`` or ``−$0.07``."""
    step = _ONE if currency in _WHOLE else _CENT
    rounded = amount.quantize(step, ROUND_HALF_UP)
    return _signed(rounded, f"{symbol(currency)}{abs(rounded):,}")


def short(amount: Decimal, currency: str) -> str:
    """An amount in three significant figures, such as ``$391k`` or ``$31.4k``."""
    size = abs(amount)
    for unit, letter in _UNITS:
        if _three(size / unit) >= 1:
            return _signed(amount, f"{symbol(currency)}{_three(size / unit)}{letter}")
    if size >= Decimal(100) or currency in _WHOLE:
        rounded = size.quantize(_ONE, ROUND_HALF_UP)
        return _signed(amount if rounded else Decimal(0), f"{symbol(currency)}{rounded}")
    return exact(amount, currency)


def change(amount: Decimal, currency: str, *, tile: bool = False) -> str:
    """A difference with its sign, such as ``+$27.6k``; no sign where nothing changed."""
    told = short(amount, currency) if tile else exact(amount, currency)
    return f"+{told}" if amount > 0 and any(digit in told for digit in "123456789") else told


def percent(value: Decimal) -> str:
    """A share, such as ``78.1%``."""
    rounded = value.quantize(_TENTH, ROUND_HALF_UP)
    return _signed(rounded, f"{abs(rounded):,}%")


def percent_change(current: Decimal, previous: Decimal) -> str:
    """How much more or less, such as ``+7.6%``, ``×12``, ``new`` or ``gone``."""
    if previous == 0:
        return "" if current == 0 else "new"
    if current == 0:
        return "gone"
    if (current > 0) != (previous > 0):
        return "sign changed"
    value = (current - previous) / abs(previous) * 100
    if value >= _MULTIPLE:
        return f"×{(current / previous).quantize(_ONE, ROUND_HALF_UP):,}"
    rounded = value.quantize(_TENTH, ROUND_HALF_UP)
    return f"+{rounded}%" if rounded > 0 else percent(value)


def today() -> date:
    """The day that a page is looked at, by UTC."""
    return datetime.now(UTC).date()


def day(at: date, today: date | None = None) -> str:
    """A date, such as ``25 Nov``; with its year if that is not this year."""
    year = "" if today is None or at.year == today.year else f" {at.year}"
    return f"{at.day} {at:%b}{year}"


def moment(at: datetime) -> str:
    """A day with its hour and minute, UTC."""
    there = at.astimezone(UTC)
    return f"{day(there.date(), today())} {there:%H:%M} UTC"


def days(start: date, end: date, today: date | None = None) -> str:
    """A range of days, the last included: ``1–25 Nov``, ``28 Oct – 3 Nov``, ``May 2026``."""
    if start == end:
        return day(start, today)
    whole = start.day == 1 and (end + timedelta(days=1)).day == 1
    if (start.year, start.month) == (end.year, end.month):
        if whole:
            return f"{start:%B %Y}"
        return f"{start.day}–{day(end, today)}"
    if whole:
        return f"{start:%b %Y} – {end:%b %Y}"
    years = start.year != end.year
    return f"{day(start, end if not years else None)}{f' {start.year}' if years else ''} – " + (
        f"{day(end)} {end.year}" if years else day(end, today)
    )


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, such as ``1 row`` or ``1,200 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Bytes written for people, such as ``3.4 MB``."""
    value, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def _three(size: Decimal) -> Decimal:
    """Three significant figures of a size, at least one before the point."""
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    return size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def symbol(currency: str) -> str:
    """What precedes an amount."""
    return _SYMBOLS.get(currency, f"{currency} " if currency else "")


def _signed(amount: Decimal, told: str) -> str:
    return f"{MINUS}{told}" if amount < 0 else told
