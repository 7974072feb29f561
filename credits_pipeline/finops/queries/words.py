"""The words of a scope: the column of each, and how a missing value is written."""

from collections.abc import Iterable
from dataclasses import dataclass

from credits_pipeline.finops.marts.columns import tag_column

UNTAGGED, NONE = "(untagged)", "(none)"

#: Words that filter and group, and their columns in the spend marts.
FIXED_WORDS = {
    "cloud": "provider",
    "account": "sub_account_id",
    "team": "tag_team",
    "product": "tag_product",
    "service": "service_name",
    "region": "region_id",
    "category": "service_category",
    "charge": "charge_category",
    "source": "source",
}
#: Words that only group.
GROUPS = {
    "day": "charge_date",
    "month": "billing_month",
    "resource": "resource_id",
}
#: Words that set what is counted and how.
SETTINGS = ("period", "cost", "credits", "tax", "group", "currency")
_TAGS = ("team", "product")


@dataclass(frozen=True)
class Vocabulary:
    """The words that exist when these tag keys are columns.

    Attributes:
        tags: the keys.
    """

    tags: tuple[str, ...] = ()

    @property
    def filters(self) -> dict[str, str]:
        """Words that filter, and the column of each."""
        fixed = {
            word: column
            for word, column in FIXED_WORDS.items()
            if word not in _TAGS or word in self.tags
        }
        more = [key for key in self.tags if key not in fixed and key not in (*GROUPS, *SETTINGS)]
        return {**fixed, **{key: tag_column(key) for key in more}}

    @property
    def groups(self) -> dict[str, str]:
        """Words that group, and the column of each."""
        return {**self.filters, **GROUPS}


def blank(word: str) -> str:
    """How a missing value is written in addresses and tables."""
    return NONE if word in GROUPS or (word in FIXED_WORDS and word not in _TAGS) else UNTAGGED


def spelled(word: str, value: object) -> str:
    """A value as written in addresses and tables."""
    return blank(word) if value is None else str(value)


def listed(words: Iterable[str]) -> str:
    """A list of words, for people."""
    return ", ".join(words)
