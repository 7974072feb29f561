"""A spreadsheet number as text with the same meaning, under the number format of its cell."""

import math
import re
from decimal import Decimal

#: Spreadsheets calculate in binary and show at most this many digits.
_DIGITS = 15
#: Three decimals alone could also mean a thousand.
_THOUSAND = 3
_DOLLARS = frozenset({"", "$", "US$", "USD", "$US", "USD$", "$USD"})
#: Signs around a number that say nothing about its currency.
_NEUTRAL = frozenset(" -+()[]:/.,\u00a0\u202f")
#: Which dollar ``$`` is in a format such as ``[$$-1009]``, by the locale's number.
_COUNTRY = {
    "1009": "CAD",
    "C0C": "CAD",
    "C09": "AUD",
    "1409": "NZD",
    "C04": "HKD",
    "1004": "SGD",
    "4809": "SGD",
    "404": "TWD",
    "80A": "MXN",
    "2C0A": "ARS",
    "340A": "CLP",
    "240A": "COP",
    "2009": "JMD",
    "2409": "XCD",
    "2809": "BZD",
    "2C09": "TTD",
}
_UNITED_STATES = frozenset({"", "409", "540A", "F400", "F800"})
_ZEROS = re.compile(r"0{2,}")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]'
    r"|[eE][+-](?=[0#?])|(?P<other>.)",
    re.DOTALL,
)


def plain_number(value: float) -> str:
    """A number in plain digits: the shortest that a spreadsheet shows as this number.

    A whole number keeps every digit; a fraction has the fifteen digits that are shown, without the
    binary noise behind them.
    """
    if isinstance(value, int):
        text = str(value)
    elif math.isfinite(value):
        text = format(Decimal(format(value, f".{_DIGITS}g")), "f")
    else:
        return str(value)
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    text = "0" if text == "-0" else text
    decimals = len(text.partition(".")[2])
    return f"{text}0" if decimals == _THOUSAND else text


def shown_number(value: float, number_format: str) -> str:
    """A number with what its format adds: another currency, a percentage, leading zeros."""
    section = _section(number_format, value)
    zeros = _ZEROS.fullmatch(section)
    text = plain_number(value)
    if zeros and text.isdigit():
        return text.zfill(len(section))
    words, percent = _words(section)
    if percent:
        return f"{plain_number(float(Decimal(text) * 100))}%"
    return text if words.upper() in _DOLLARS else f"{text} {words}"


def _section(number_format: str, value: float) -> str:
    """The part of a format for numbers of this sign: ``positive;negative;zero;text``."""
    parts, start = [], 0
    for match in _TOKEN.finditer(number_format):
        if match["other"] == ";":
            parts.append(number_format[start : match.start()])
            start = match.end()
    parts.append(number_format[start:])
    if value < 0 and len(parts) > 1:
        return parts[1]
    if value == 0 and len(parts) > 2:  # noqa: PLR2004 - the third is for zero
        return parts[2]
    return parts[0]


def _words(section: str) -> tuple[str, bool]:
    """What a format writes beside the digits, and whether it shows a percentage."""
    if section.casefold() in {"general", "standard", "@", ""}:
        return "", False
    found, percent = [], False
    for match in _TOKEN.finditer(section):
        other = match["other"]
        if match["quoted"] is not None or match["escaped"] is not None:
            found.append(match["quoted"] or match["escaped"] or "")
        elif match["bracket"] is not None:
            found.append(_currency(match["bracket"]))
        elif other == "%":
            percent = True
        elif other is not None and other not in "0#?.,@ ":
            found.append(other)
    text = "".join(found)
    return "".join(c for c in text if c not in _NEUTRAL), percent


def _currency(bracket: str) -> str:
    """What ``[$€-407]`` writes; colours and conditions write nothing."""
    if not bracket.startswith("$"):
        return ""
    sign, _, locale = bracket[1:].partition("-")
    country = locale.upper().lstrip("0").partition(",")[0][-4:].lstrip("0")
    if sign.strip() != "$" or country in _UNITED_STATES:
        return sign.strip()
    return _COUNTRY.get(country, f"${locale}")
