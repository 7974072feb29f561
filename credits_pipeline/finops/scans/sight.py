"""How one kind of resource is read: its result, and what may be missing without stopping.

A look queries and shapes; it decides nothing. Evidence that it may not read goes to `not_known`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from credits_pipeline.finops.scans.asking import Asking, NotSeenError
from credits_pipeline.finops.scans.resources import Fact, Resource

T = TypeVar("T")
_DAY = 86400


@dataclass
class Look:
    """One look at one kind in one account and region.

    Attributes:
        asking: the account and region asked.
        at: the scan's as-of time, UTC.
        missed: what could not be read besides the kind itself, by what was wanted.
    """

    asking: Asking
    at: datetime
    missed: dict[str, NotSeenError] = field(default_factory=dict)

    def beside(self, what: str, ask: Callable[[], T], otherwise: T) -> T:
        """Evidence from another operation; recorded as missing if it is refused.

        Args:
            what: the evidence, for people.
            ask: requests it.
            otherwise: replaces it if it could not be read.
        """
        if what in self.missed:
            return otherwise
        try:
            return ask()
        except NotSeenError as error:
            self.missed[what] = error
            return otherwise

    def days(self, since: datetime | None) -> float | None:
        """Days from a moment to the scan; None for none."""
        if since is None:
            return None
        return max(0.0, round((self.at - _utc(since)).total_seconds() / _DAY, 4))

    def found(
        self,
        kind: str,
        id_: str,
        name: str,
        *,
        tags: Mapping[str, str] | None,
        facts: Mapping[str, Fact],
        needs: Mapping[str, tuple[str, ...]] | None = None,
        region: str = "",
    ) -> Resource:
        """A resource.

        Args:
            kind: of it.
            id_: as on the bill.
            name: its own; a tag Name takes precedence.
            tags: None if they could not be read.
            facts: evidence; None values are not known.
            needs: which columns come from which of the extra requests.
            region: if it is not that of the look.
        """
        not_known = {
            column: self.missed[what].says
            for what, columns in (needs or {}).items()
            if what in self.missed
            for column in columns
            if facts.get(column) is None
        }
        return Resource(
            kind=kind,
            account=self.asking.account,
            account_name=self.asking.account_name,
            region=region or self.asking.region,
            id=id_,
            name=(tags or {}).get("Name") or name,
            seen_at=self.at,
            tags=tags,
            facts={column: value for column, value in facts.items() if value is not None},
            not_known=not_known,
        )


Looking = Callable[[Look], Iterator[Resource]]


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Things in lists of at most a size, in order."""
    left = iter(things)
    while some := list(islice(left, size)):
        yield some


def tags_of(listed: Any) -> dict[str, str]:
    """Tags as listed by the SDK, in either spelling."""
    return {
        str(tag.get("Key", tag.get("key", ""))): str(tag.get("Value", tag.get("value", "")))
        for tag in listed or ()
    }


def tags_by_arn(look: Look, kind: str) -> dict[str, dict[str, str]] | None:
    """The tags of every resource of a kind, by its ARN; None if they could not be read."""

    def ask() -> dict[str, dict[str, str]] | None:
        pages = look.asking.pages(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            ResourceTypeFilters=[kind],
        )
        return {one["ResourceARN"]: tags_of(one.get("Tags")) for one in pages}

    return look.beside("tags", ask, None)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
