"""What a rule may use: the columns that it may read, and the kinds of values that it compares.

The columns are those of the table `resources`. A missing value of evidence means "not known", never
"no": the few columns that every resource has are listed separately here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from credits_pipeline.finops.marts.columns import COUNT, MONEY, TEXT
from credits_pipeline.finops.scans.columns import COLUMNS, COST, FLAG, NUMBER, Evidence


class Kind(StrEnum):
    """The kind of a value, in the words of messages."""

    TEXT = "text"
    NUMBER = "a number"
    FLAG = "yes or no"


#: What only the bill knows about a resource.
SERVICE = Evidence("service", TEXT, "the bill's ServiceName; NULL where no bill contains it")
_KINDS = {TEXT: Kind.TEXT, NUMBER: Kind.NUMBER, COUNT: Kind.NUMBER, MONEY: Kind.NUMBER,
          FLAG: Kind.FLAG}  # fmt: skip
#: Columns that are always known; an empty text means none.
_ALWAYS = frozenset(
    {"kind", "provider", "account", "account_name", "region", "resource_id", "name"}
)
#: They are never "none": if they are NULL they are not known.
_NEVER_NONE = frozenset({SERVICE.name, *(column.name for column in COST)})


@dataclass(frozen=True)
class Asked:
    """A column that a rule may read.

    Attributes:
        name: as rules write it.
        kind: of its values.
        meaning: one line for people.
        is_evidence: it may be not known.
        may_be_none: NULL may mean that there is none, if a scan checked.
        kinds: kinds of resources that have it; empty for all.
    """

    name: str
    kind: Kind
    meaning: str
    is_evidence: bool
    may_be_none: bool
    kinds: tuple[str, ...]


def _asked(column: Evidence) -> Asked:
    return Asked(
        column.name,
        _KINDS[column.type],
        column.meaning,
        is_evidence=column.name not in _ALWAYS,
        may_be_none=column.name not in _NEVER_NONE,
        kinds=column.kinds,
    )


#: The columns that rules may read, by name. Maps and times have functions instead.
ASKED: Mapping[str, Asked] = {
    column.name: _asked(column) for column in (*COLUMNS, SERVICE) if column.type in _KINDS
}
#: Stands for all tags in a policy's list of needs.
ALL_TAGS = "tags"
