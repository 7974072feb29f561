"""The possible values of a word, the names of accounts, and values that are in no bill."""

from dataclasses import dataclass
from difflib import get_close_matches

from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import currencies
from credits_pipeline.finops.queries.words import Vocabulary, blank, listed

__all__ = ["Unknown", "account_names", "currencies", "unknown", "values"]


@dataclass(frozen=True)
class Unknown:
    """A value that is in no bill.

    Attributes:
        word: of the scope.
        value: as it was given.
        nearest: values that look like it.
    """

    word: str
    value: str
    nearest: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The message for people."""
        meant = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"{self.word} {self.value!r} occurs in no bill.{meant}"


def values(published: Published, word: str) -> tuple[str, ...]:
    """All values of a word, in order; the missing value, if it occurs, last."""
    column = "billing_currency" if word == "currency" else Vocabulary(published.tags).groups[word]
    table = "spend_daily" if word == "day" else "spend_monthly"
    ask = published.resource_rows if word == "resource" else published.rows
    if word == "resource":
        table = "resource_costs"
    found = [value for (value,) in ask(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1")]  # noqa: S608 - ours
    some = tuple(str(value) for value in found if value is not None)
    return (*some, blank(word)) if None in found else some


def account_names(published: Published) -> dict[str, str]:
    """Each account's name on its newest bill; its id if it has no name."""
    found = published.rows(
        "SELECT sub_account_id, COALESCE(MAX_BY(sub_account_name, billing_month) "
        "FILTER (WHERE sub_account_name IS NOT NULL), sub_account_id) FROM accounts "
        "GROUP BY sub_account_id ORDER BY 1"
    )
    return dict(found)


def unknown(published: Published, scope: Scope) -> tuple[Unknown, ...]:
    """The values of a scope that are in no bill of any month."""
    found = []
    for word, given in scope.chosen:
        known = dict.fromkeys((*values(published, word), blank(word)))
        if word == "account":
            known |= dict.fromkeys(account_names(published).values())
            named = published.rows("SELECT DISTINCT sub_account_name FROM accounts")
            known |= dict.fromkeys(name for (name,) in named if name)
        found += [
            Unknown(word, value, tuple(get_close_matches(value, known, n=2)))
            for value in given
            if value not in known
        ]
    if scope.currency is not None:
        held = values(published, "currency")
        if held and scope.currency not in held:
            found.append(Unknown("currency", scope.currency, tuple(held)))
    return tuple(found)


def told(found: tuple[Unknown, ...]) -> str:
    """All of them, for people."""
    return listed(one.sentence for one in found)
