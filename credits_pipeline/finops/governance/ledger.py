"""The results of evaluations: violations and counts in versions, the pointer swapped last.

::

    governance/<version>.jsonl.gz    violations, one a line
    governance/<version>.json        what was evaluated, the counts of each policy, their trend
    governance/CURRENT.json          which version counts
"""

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance.violations import Violation
from credits_pipeline.finops.objects import MissingError

FOLDER = "governance"
_POINTER = f"{FOLDER}/CURRENT.json"
#: Versions that stay: those that pages still show, and a few for investigation.
_STAY = 10
_DAYS_OF_TREND = 90
#: How often an evaluation is repeated if another machine's came in between.
_TRIES = 10
_ENDS = (".jsonl.gz", ".json")


@dataclass(frozen=True)
class Tally:
    """The result of one evaluation for one policy.

    Attributes:
        broken: how many resources break it.
        clean: how many do not.
        not_known: how many can't be judged.
        cost: the monthly cost of the broken ones, exact text by currency.
        error: why it could not be evaluated; empty if it was.
    """

    broken: int = 0
    clean: int = 0
    not_known: int = 0
    cost: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Record:
    """One evaluation.

    Attributes:
        version: its name.
        at: when, ISO 8601, UTC.
        resources: how many there were.
        tallies: by policy.
        trend: how many were broken, by day and policy, the oldest day first.
        published: the version of the bills that it was made from.
        scanned: the version of the scan; empty before the first.
        policies: digest of the decisions.
        run_id: of the run that made it; empty if run by hand.
        missed: what scans could not read, each in one sentence.
        high: violations of high severity that are not fixed, for alerts.
    """

    version: str
    at: str
    resources: int
    tallies: Mapping[str, Tally]
    trend: Mapping[str, Mapping[str, int]]
    published: str = ""
    scanned: str = ""
    policies: str = ""
    run_id: str = ""
    missed: Sequence[str] = ()
    high: Sequence[Mapping[str, Any]] = ()


#: From the previous state to the new one: a record and all known violations.
Making = Callable[[Record | None, list[Violation]], tuple[Record, Iterable[Violation]]]


class GovernanceError(Exception):
    """Policies can't be evaluated, or the result not stored; the message says what to do."""


class Ledger:
    """The evaluations of a storage."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot

    def current(self) -> Record | None:
        """The current evaluation; None before the first."""
        pointer = self.depot.read(_POINTER)
        if pointer is None:
            return None
        told = self.depot.read(f"{FOLDER}/{pointer['version']}.json")
        if told is None:
            return None
        tallies = {id_: Tally(**tally) for id_, tally in told.pop("tallies").items()}
        return Record(**told, tallies=tallies)

    def violations(self, version: str) -> list[Violation]:
        """Every violation known at an evaluation.

        Args:
            version: its name; empty for none, before the first.
        """
        if not version:
            return []
        file = self.depot.here(f"{FOLDER}/{version}.jsonl.gz")
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            return [Violation.from_json(json.loads(line)) for line in lines]

    def change(self, make: Making) -> Record:
        """Make a new evaluation current that is computed from the current one.

        Evaluations of one machine take turns. If another machine's became current meanwhile, it is
        repeated from that one, so that neither is lost.

        Args:
            make: takes the previous record and violations; returns the new ones. The record's
                version is set here.

        Raises:
            GovernanceError: others were faster again and again.
        """
        with self._turn():
            for _ in range(_TRIES):
                # The pointer's tag first: what others write after this is then noticed.
                tag, before = self._tag(), self.current()
                kept = self._written(
                    *make(before, self.violations(before.version if before else ""))
                )
                content = json.dumps({"version": kept.version}, indent=2).encode()
                if self.depot.place.swap(_POINTER, content, tag):
                    self._prune(kept.version)
                    return kept
                self.depot.forget([f"{FOLDER}/{kept.version}{end}" for end in _ENDS])
        raise GovernanceError(
            f"Violations were evaluated {_TRIES} times, and each time another machine stored an "
            "evaluation in between. What to do: let only one machine evaluate, or try again."
        )

    def _written(self, record: Record, violations: Iterable[Violation]) -> Record:
        """A complete evaluation that is not current yet."""
        now, all_known = datetime.now(UTC), list(violations)
        kept = replace(
            record,
            version=f"{now:%Y%m%dT%H%M%S%f}-{os.urandom(3).hex()}",
            high=[_in_short(one) for one in all_known if one.is_high and not one.is_fixed],
        )
        with self.depot.scratch() as folder:
            file = folder / "violations.jsonl.gz"
            _write(file, all_known)
            self.depot.keep(f"{FOLDER}/{kept.version}.jsonl.gz", file)
        self.depot.write(f"{FOLDER}/{kept.version}.json", asdict(kept))
        return kept

    def _tag(self) -> str | None:
        """Identifies the pointer's content; None if there is none yet."""
        try:
            return self.depot.place.head(_POINTER).etag
        except MissingError:
            return None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time on this machine, so that nobody evaluates in vain."""
        folder = self.depot.on_disk / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".evaluating.lock"):
            yield

    def _prune(self, counting: str) -> None:
        keys: dict[str, list[str]] = {}
        for key in self.depot.keys(f"{FOLDER}/"):
            name = Path(key).name.partition(".")[0]
            if name and name != "CURRENT":
                keys.setdefault(name, []).append(key)
        for name in set(sorted(keys)[:-_STAY]) - {counting}:
            self.depot.forget(keys[name])


def with_day(
    trend: Mapping[str, Mapping[str, int]], day: str, broken: Mapping[str, int]
) -> dict[str, Mapping[str, int]]:
    """The trend including a day; a later evaluation of the same day replaces it."""
    found = {**trend, day: dict(broken)}
    return {each: found[each] for each in sorted(found)[-_DAYS_OF_TREND:]}


def _write(file: Path, violations: Iterable[Violation]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        for one in violations:
            lines.write(json.dumps(one.to_json(), ensure_ascii=False) + "\n")


def _in_short(one: Violation) -> dict[str, Any]:
    """Its short form for an alert."""
    return {
        "id": one.id,
        "policy": one.policy,
        "policy_name": one.policy_name,
        "since": one.since.isoformat(),
        "says": one.says,
        "where": f"{one.account_name or one.account} {one.name or one.resource_id}",
        "cost_month": None if one.cost_month is None else format(one.cost_month, "f"),
        "currency": one.currency,
    }
