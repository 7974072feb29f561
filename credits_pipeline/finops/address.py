"""The address of a page: it contains the scope; every link is made here.

`link` is the only function that writes such an address, for pages, alerts, documents and Dagster's
metadata. An address consists of words of the scope, and a few words of the page itself.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from credits_pipeline.finops.queries.scope import Scope

Words = dict[str, list[str]]

#: The pages by their word in the address, in order.
PAGES = {
    "setup": "Setup",
    "overview": "Overview",
    "spend": "Spend",
    "budgets": "Budgets & Forecast",
    "optimization": "Optimization",
    "governance": "Governance",
    "chargeback": "Chargeback",
    "settings": "Settings",
}


def link(
    page: str, scope: "Scope | None" = None, *, base: str = "", **more: str | Sequence[str]
) -> str:
    """The address of a page with its whole scope.

    Args:
        page: its word in the address.
        scope: what it is about; None for pages without one.
        base: what precedes it, such as ``https://spend.example.com``; empty for links inside.
        more: words of the page itself, such as ``view``.

    Raises:
        KeyError: there is no such page.
    """
    if page not in PAGES:
        raise KeyError(page)
    told = urlencode(sorted(spelled(scope, more).items()), doseq=True, quote_via=quote)
    return f"{base.rstrip('/')}/{page}{'?' + told if told else ''}"


def spelled(scope: "Scope | None", more: Mapping[str, str | Sequence[str]] | None = None) -> Words:
    """The words of an address, each with its values."""
    words: Words = {} if scope is None else {k: list(v) for k, v in scope.words().items()}
    for word, value in (more or {}).items():
        values = [value] if isinstance(value, str) else list(value)
        if values and any(values):
            words[word] = values
    return words
