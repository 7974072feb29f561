"""Words that mark a row as the sum of others."""

import re

from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.months import is_month_name

_WORDS = (
    r"(?:grand|sub|overall|page|report|net|final|file|aws|monthly|credits?)?[- ]?totals?|sum"
    r"|gesamtergebnis|insgesamt|total ge(?:ne)?ral|suma total|soma(?: total)?|合計|総計|総合計"
    r"|all accounts|gesamt(?:summe|betrag)?|zwischensumme|summe"
    r"|(?:sous )?total(?: g[ée]n[ée]ral)?|totale|totaal|suma"
)
_TOTAL = re.compile(
    rf"(?:{_WORDS})(?: (?:of|for|in|credits?|amount|all|accounts?|usd|month))*",
    re.IGNORECASE,
)
_SUBTOTAL = re.compile(r"sub[- ]?total|zwischensumme|sous[- ]total|page[- ]?total", re.IGNORECASE)

#: What may occur beside the words: figures, dates and signs.
_BESIDE = re.compile(r"[0-9.,:/#*()$-]+")
#: Longer labels are sentences; the limit keeps pattern matching fast.
_LONGEST = 80


def is_total(label: str) -> bool:
    """Whether a label says that its row is a sum: ``Total``, ``Total January 2025``."""
    text = clean(label)
    if len(text) > _LONGEST:
        return False
    if is_subtotal(text):
        return True
    said = " ".join(word for word in _BESIDE.sub(" ", text).split() if not is_month_name(word))
    return _TOTAL.fullmatch(said) is not None


def is_subtotal(label: str) -> bool:
    """Whether a label says that its row sums up the rows since the previous sum."""
    return _SUBTOTAL.match(clean(label)) is not None
