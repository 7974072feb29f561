"""Each provider's way of saying what counts, behind the same three questions."""

from collections.abc import Callable
from typing import NamedTuple

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.manifests import aws, azure, listing, receipts
from credits_pipeline.finops.manifests.delivery import Delivery, DeliveryError, SourceSpec
from credits_pipeline.finops.objects import Place, open_place


class _Way(NamedTuple):
    marks: Callable[[SourceSpec, Place], dict[BillingMonth, str]]
    current: Callable[[SourceSpec, Place, BillingMonth], Delivery | None]


_WAYS = {
    "aws": _Way(aws.marks, aws.current),
    "azure": _Way(azure.marks, azure.current),
    "gcp": _Way(listing.marks, listing.current),
    "focus": _Way(listing.marks, listing.current),
}


def marks(source: SourceSpec) -> dict[BillingMonth, str]:
    """For each delivered month a text that changes when the delivery does. One listing."""
    return _way(source).marks(source, open_place(source.location))


def months(source: SourceSpec) -> list[BillingMonth]:
    """The delivered months, oldest first."""
    return sorted(marks(source))


def current(source: SourceSpec, month: BillingMonth) -> Delivery | None:
    """What counts for a month now, or None if nothing was delivered."""
    return _way(source).current(source, open_place(source.location), month)


def _way(source: SourceSpec) -> _Way:
    if source.name == receipts.RECEIPTS:
        return _Way(receipts.marks, receipts.current)
    way = _WAYS.get(str(source.provider))
    if way is None:
        raise DeliveryError(
            f"source {source.name} has the provider {source.provider!r}. What to do: use one of "
            f"{', '.join(_WAYS)}."
        )
    return way
