"""Words by which a row says that it sums up others."""

import re

from credits_pipeline.credits.reading.characters import clean

_WORDS = (
    r"(?:grand|sub|overall|page)?[- ]?totals?|sum|gesamt(?:summe|betrag)?|zwischensumme|summe"
    r"|(?:sous[- ])?total(?: g[ée]n[ée]ral)?|totale|totaal|suma"
)
_TOTAL = re.compile(
    rf"(?:{_WORDS})(?: (?:of|for|in|credits?|amount|all|accounts?|usd|\(usd\)|\(\$\)|\$|month))*"
    r"(?: credits?| accounts?| amount)*\s*:?",
    re.IGNORECASE,
)
_SUBTOTAL = re.compile(r"sub[- ]?total|zwischensumme|sous[- ]total|page[- ]?total", re.IGNORECASE)

#: Longer labels are sentences; the bound keeps pattern matching short.
_LONGEST = 80


def is_total(label: str) -> bool:
    """Whether a label says that its row is a sum."""
    text = clean(label)
    if len(text) > _LONGEST:
        return False
    return _TOTAL.fullmatch(text) is not None or is_subtotal(text)


def is_subtotal(label: str) -> bool:
    """Whether a label says that its row sums up the rows since the sum before it."""
    return _SUBTOTAL.match(clean(label)) is not None
