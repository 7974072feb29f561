"""The stored sources: they are decisions, so each change has who and when."""

from credits_pipeline.finops.decisions import Author, Item
from credits_pipeline.finops.decisions.opening import Decisions, are_kept, open_decisions
from credits_pipeline.finops.sources.source import KIND, Source, SourceError


class SourceBook:
    """The sources of a store of decisions."""

    def __init__(self, decisions: Decisions) -> None:
        """Name the store.

        Args:
            decisions: a database, or files.
        """
        self._decisions = decisions

    def all(self) -> list[Source]:
        """Every source, by name.

        Raises:
            SourceError: a stored one can't be used.
        """
        return [Source.of(item.id, item.body) for item in self._decisions.items(KIND)]

    def get(self, name: str) -> Source:
        """One source.

        Raises:
            SourceError: there is none of that name.
        """
        item = self._item(name)
        return Source.of(item.id, item.body)

    def add(self, source: Source, *, by: Author, replace: bool = False, why: str = "") -> Item:
        """Add a source; adding the same again changes nothing.

        Args:
            source: to add.
            by: who adds it.
            replace: whether it may replace another of its name.
            why: in the author's words.

        Raises:
            SourceError: there is another of that name, or the same place is read already.
            ChangedMeanwhileError: somebody else wrote it at the same moment.
        """
        before = self._decisions.item(KIND, source.name)
        if before is not None and before.body == source.body():
            return before
        if before is not None and not replace:
            there = Source.of(before.id, before.body)
            raise SourceError(
                f"there is a source {source.name} already: {there.provider} at {there.location}. "
                "What to do: choose another name, or use --replace."
            )
        self._not_twice(source)
        return self._decisions.put(
            KIND,
            source.name,
            source.body(),
            by=by,
            expected=None if before is None else before.version,
            why=why,
        )

    def change(self, source: Source, *, expected: int, by: Author, why: str = "") -> Item:
        """Write a source on top of the version that its author has read.

        Args:
            source: as it is to be.
            expected: the version that was read.
            by: who changes it.
            why: in the author's words.

        Raises:
            SourceError: the same place is read by another.
            ChangedMeanwhileError: somebody else wrote it since.
        """
        self._not_twice(source)
        return self._decisions.put(
            KIND, source.name, source.body(), by=by, expected=expected, why=why
        )

    def remove(self, name: str, *, by: Author, why: str = "") -> None:
        """Remove a source; its bills stay where they are.

        Raises:
            SourceError: there is none of that name.
            ChangedMeanwhileError: somebody else wrote it at the same moment.
        """
        self._decisions.delete(KIND, name, by=by, expected=self._item(name).version, why=why)

    def _not_twice(self, source: Source) -> None:
        for other in self.all():
            same = (other.location, other.export) == (source.location, source.export)
            if same and other.name != source.name:
                raise SourceError(
                    f"source {other.name} reads {source.location} already, and its bill would "
                    f"count twice. What to do: remove {other.name} first, or give another location."
                )

    def _item(self, name: str) -> Item:
        item = self._decisions.item(KIND, name)
        if item is None:
            names = [other.id for other in self._decisions.items(KIND)]
            there = f"there are {', '.join(names)}" if names else "there is none yet"
            raise SourceError(
                f"there is no source {name!r}; {there}. What to do: credits-pipeline sources list."
            )
        return item


def configured_sources() -> list[Source]:
    """The sources of the settings' store; none if nothing was ever decided here.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: the store can't be read.
        SourceError: a stored source can't be used.
    """
    if not are_kept():
        return []
    with open_decisions() as decisions:
        return SourceBook(decisions).all()
