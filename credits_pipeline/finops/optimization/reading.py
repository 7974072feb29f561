"""The current recommendations: what the newest scan found, and what people decided since."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.judged import KIND, OPEN, PLANNED
from credits_pipeline.finops.optimization.making import PROVEN, RECOMMENDED, realised_of
from credits_pipeline.finops.optimization.proving import PROVED, Realised
from credits_pipeline.finops.optimization.standing import Standing, standing, total
from credits_pipeline.finops.optimization.thresholds import Thresholds, configured
from credits_pipeline.finops.scans.shelf import Kept, ScanShelf


@dataclass(frozen=True)
class Recommendations:
    """Everything about what can be saved.

    Attributes:
        as_of: of the newest scan, UTC.
        version: of what is stored.
        all: every item with its state, the largest saving first.
        about: what the scan read, and what it could not read.
    """

    as_of: datetime
    version: str
    all: tuple[Standing, ...]
    about: Mapping[str, Any]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Of the savings, in order."""
        return tuple(sorted({one.item.currency for one in self.all if one.item.currency}))

    def only(self, keep: Callable[[Standing], bool]) -> "Recommendations":
        """Those that pass, with everything else unchanged."""
        return Recommendations(self.as_of, self.version, tuple(filter(keep, self.all)), self.about)

    def sum(self, currency: str, *states: str) -> Decimal:
        """A month's savings in some states."""
        return total(self.all, currency, *states)

    def to_be_had(self, currency: str) -> Decimal:
        """The sum of open and planned items: the headline, which really adds up."""
        return self.sum(currency, OPEN, PLANNED)

    def proved(self, currency: str) -> Decimal:
        """What later bills showed, in the newest month of each done item."""
        last = [one.realised[-1] for one in self.all if one.realised]
        found = [one.realised for one in last if one.currency == currency and one.state == PROVED]
        return sum(found, Decimal(0))

    def count(self, *states: str) -> int:
        """How many have this state."""
        return sum(1 for one in self.all if one.state in states)


def read_states() -> dict[str, State]:
    """People's decisions about recommendations.

    Raises:
        DecisionsError: the store can't be read.
        SettingError: the settings name no store.
    """
    if not are_kept():
        return {}
    with open_decisions() as decisions:
        return decisions.states.of(KIND)


def read_recommendations(
    storage: str, *, now: datetime | None = None, thresholds: Thresholds | None = None
) -> Recommendations | None:
    """The current recommendations; None before the first scan.

    Args:
        storage: ``FINOPS_STORAGE``.
        now: the moment.
        thresholds: the configured ones if None.

    Raises:
        ObjectsError: the storage can't be read.
        DecisionsError: the store of decisions can't be read.
        SettingError: a setting can't be used.
    """
    kept, items, realised = _kept(storage)
    if kept is None:
        return None
    states = read_states()
    at, t = now or datetime.now(UTC), thresholds or configured()
    return Recommendations(
        kept.as_of,
        kept.version,
        tuple(
            standing(item, states.get(item.id), realised.get(item.id, ()), at, t) for item in items
        ),
        kept.about,
    )


_cache: dict[tuple[str, str, str], tuple[Kept, list[Item], dict[str, list[Realised]]]] = {}


def _kept(
    storage: str,
) -> tuple[Kept | None, Sequence[Item], Mapping[str, Iterable[Realised]]]:
    """The stored items, read once for each version: a version never changes."""
    shelf = ScanShelf(Depot(storage))
    kept, proven = shelf.current(RECOMMENDED), shelf.current(PROVEN)
    if kept is None:
        return None, (), {}
    key = (storage, kept.version, "" if proven is None else proven.version)
    if key not in _cache:
        found = (
            kept,
            [Item.read(row) for row in shelf.rows(kept)],
            realised_of(shelf.rows(proven)),
        )
        _cache.clear()
        _cache[key] = found
    return _cache[key]
