"""Writes a profile as TOML that people read and change."""

from collections.abc import Iterable, Iterator

from credits_pipeline.credits.reading.profiles.parsing import FORM
from credits_pipeline.credits.reading.profiles.profile import MonthColumn, Profile, RowRule

_WIDTH = 96


def as_toml(profile: Profile) -> bytes:
    """The profile's file, with a comment where a key does not explain itself."""
    return ("\n".join(_lines(profile)) + "\n").encode()


def _lines(profile: Profile) -> Iterator[str]:
    yield f"form = {FORM}"
    yield f"name = {_text(profile.name)}"
    if profile.about:
        yield f"about = {_text(profile.about)}"
    if profile.header:
        yield "# Exactly these cells, in any order."
        yield f"header = {_list(profile.header)}"
    if profile.ignored:
        yield "# They can't change a dollar, an account or a month."
        yield f"ignored = {_list(profile.ignored)}"
    if profile.notes:
        yield "# Lines above or below the table that change nothing."
        yield f"notes = {_list(profile.notes)}"
    yield "# Whether an account's rows are parts of one credit."
    yield f"sum = {_flag(profile.sums)}"
    yield from ("", "[account]", f"column = {_names(profile.account)}")
    yield from _amount(profile)
    if profile.month is not None:
        yield from _month(profile.month)
    yield from ("", "[currency]")
    yield f"column = {_names(profile.currency)}" if profile.currency else 'stated = "USD"'
    for rule in profile.rows:
        yield from _rule(rule)


def _rule(rule: RowRule) -> Iterator[str]:
    yield from ("", "[[rows]]", f"column = {_text(rule.column)}")
    yield f"count = {_list(rule.count)}"
    if rule.leave_out:
        yield f"leave_out = {_list(rule.leave_out)}"
    if rule.estimate:
        yield f"estimate = {_list(rule.estimate)}"
    yield "# Any other value: refuse the file, or leave_out the row."
    yield f"others = {_text(rule.others)}"


def _amount(profile: Profile) -> Iterator[str]:
    amount = profile.amount
    yield from ("", "[amount]", f"column = {_names(amount.column)}")
    yield "# The sign of a credit: negative, positive, or either if all amounts have one sign."
    yield f"credit = {_text(amount.credit)}"
    if amount.decimals is not None:
        yield "# How many decimals count; the rest is rounded away."
        yield f"decimals = {amount.decimals}"
    if amount.mark is not None:
        yield f"decimal_mark = {_text(amount.mark)}"
    if amount.exponents:
        yield f"exponents = {_flag(amount.exponents)}"


def _month(month: MonthColumn) -> Iterator[str]:
    yield from ("", "[month]")
    if month.column:
        yield f"column = {_names(month.column)}"
    for key, value in (
        ("until", month.until),
        ("year", month.year),
        ("month", month.number),
        ("dates", month.dates),
    ):
        if value is not None:
            yield f"{key} = {_text(value)}"


def _names(names: tuple[str, ...]) -> str:
    return _text(names[0]) if len(names) == 1 else _list(names)


def _list(texts: Iterable[str]) -> str:
    cells = [_text(text) for text in texts]
    line = f"[{', '.join(cells)}]"
    if len(line) <= _WIDTH:
        return line
    return "[\n" + "".join(f"    {cell},\n" for cell in cells) + "]"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(text: str) -> str:
    """A basic string of TOML."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if ord(character) < 0x20 or ord(character) == 0x7F:  # noqa: PLR2004 - TOML's control characters
        return f"\\u{ord(character):04x}"
    return character
