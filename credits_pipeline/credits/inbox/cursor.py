"""What one tick passes to the next: a few words per month, and the progress of the full listing.

Dagster stores the cursor with every tick, so it is kept under 4 KB for ten years of months.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.retry_schedule import Watch
from credits_pipeline.credits.inbox.slices import Found, Sweep
from credits_pipeline.credits.inbox.version import FileVersion

GONE = "-"
_MONTHS = 12


@dataclass(frozen=True)
class Seen:
    """What was last seen of a month's file.

    Attributes:
        fingerprint: of the version, or ``-`` after the file was removed.
        count: versions that started a run so far; 0 for a file that was only adopted. It makes
            the run key of a version that comes back differ from its first one.
        watch: set while its runs have not ended, or not well.
    """

    fingerprint: str
    count: int
    watch: Watch | None = None

    @property
    def gone(self) -> bool:
        """The file was there and is not any more."""
        return self.fingerprint == GONE

    @property
    def adopted(self) -> bool:
        """The file was there before the pipeline, and was not sent."""
        return self.count == 0 and not self.gone

    @classmethod
    def parse(cls, word: str) -> Self:
        """Read one word.

        Raises:
            ValueError: it is not one.
        """
        fingerprint, count, *watch = word.split(".")
        if not watch:
            return cls(fingerprint, int(count))
        asked, since = watch
        return cls(fingerprint, int(count), Watch(int(asked), _moment(int(since, 16))))

    def __str__(self) -> str:
        word = f"{self.fingerprint}.{self.count}"
        if self.watch is None:
            return word
        return f"{word}.{self.watch.asked}.{_seconds(self.watch.since):x}"


@dataclass(frozen=True)
class Cursor:
    """Everything that one tick passes to the next.

    Attributes:
        months: what was last seen of each month's file.
        shown: digest of what the inbox asset showed last.
        runs_until: runs that failed up to this moment are known.
        sweep: the full listing of a bucket of more than one page; None for a small one.
        listed: when the inbox was last listed, if events report files in between.
        inbox: an id of the inbox that it is about; empty in older cursors.
        looked: when it was last checked; None in older cursors.
    """

    months: dict[BillingMonth, Seen]
    shown: str = ""
    runs_until: datetime | None = None
    sweep: Sweep | None = None
    listed: datetime | None = None
    inbox: str = ""
    looked: datetime | None = None

    def knows(self, month: BillingMonth, version: FileVersion) -> bool:
        """Whether this version of a month's file is the one that was last seen."""
        seen = self.months.get(month)
        return seen is not None and seen.fingerprint == version.fingerprint

    @property
    def watched(self) -> frozenset[BillingMonth]:
        """Months whose last attempt has to be read."""
        return frozenset(month for month, seen in self.months.items() if seen.watch is not None)

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a stored cursor; None if there is none yet.

        Raises:
            ValueError: the text is not a cursor of this product.
        """
        if not text:
            return None
        try:
            stored = json.loads(text)
            return cls(
                months={
                    BillingMonth(int(year), number): Seen.parse(word)
                    for year, words in stored["months"].items()
                    for number, word in enumerate(words.split(","), start=1)
                    if word
                },
                shown=stored["shown"],
                runs_until=_moment(stored["runs"]) if "runs" in stored else None,
                sweep=_read_sweep(stored["sweep"]) if "sweep" in stored else None,
                listed=_moment(stored["listed"]) if "listed" in stored else None,
                inbox=stored.get("inbox", ""),
                looked=_moment(stored["looked"]) if "looked" in stored else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"the sensor's cursor can't be read ({error}): reset it in the sensor's page; "
                "files of the last days then start their runs again, which does no harm"
            ) from error

    def __str__(self) -> str:
        words: dict[str, list[str]] = {}
        for month, seen in sorted(self.months.items()):
            words.setdefault(f"{month.year}", [""] * _MONTHS)[month.month - 1] = str(seen)
        stored: dict[str, Any] = {
            "months": {year: ",".join(of_year).rstrip(",") for year, of_year in words.items()},
            "shown": self.shown,
        }
        if self.runs_until is not None:
            stored["runs"] = _seconds(self.runs_until)
        if self.sweep is not None:
            stored["sweep"] = _sweep(self.sweep)
        if self.listed is not None:
            stored["listed"] = _seconds(self.listed)
        if self.inbox:
            stored["inbox"] = self.inbox
        if self.looked is not None:
            stored["looked"] = _seconds(self.looked)
        return json.dumps(stored, separators=(",", ":"), ensure_ascii=False)


def _sweep(sweep: Sweep) -> list[Any]:
    parts = (sweep.found, sweep.shown)
    told = [[found.count, *found.examples] for found in parts]
    return [_seconds(sweep.begun), sweep.after, *told]


def _read_sweep(stored: Any) -> Sweep:
    begun, after, found, shown = stored
    return Sweep(
        _moment(begun),
        after,
        Found(found[0], tuple(found[1:])),
        Found(shown[0], tuple(shown[1:])),
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
