"""What evaluations left: violations and counts in versions, the pointer swapped last.

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
#: Versions that stay: what pages still look at, and a few to look into.
_STAY = 10
_DAYS_OF_TREND = 90
#: How often an evaluation is made anew where another machine's came between.
_TRIES = 10
_ENDS = (".jsonl.gz", ".json")


@dataclass(frozen=True)
class Tally:
    """What one evaluation says of one policy.

    Attributes:
        broken: how many resources break it.
        clean: how many do not.
        not_known: of how many nothing can be said.
        cost: what the broken ones cost a month, exact text by currency.
        error: why it could not be evaluated; empty where it was.
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
        trend: how many were broken, by day and policy, the eldest day first.
        published: the version of the bills that it was made from.
        scanned: the version of the scan; empty before the first.
        policies: digest of what people decided.
        run_id: of the run that made it; empty by hand.
        missed: what scans could not look at, each in one sentence.
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


#: From what counted before to what is to count: a record and all violations that are known.
Making = Callable[[Record | None, list[Violation]], tuple[Record, Iterable[Violation]]]


class GovernanceError(Exception):
    """Policies can't be evaluated, or the outcome not kept; the message says what to do."""


class Ledger:
    """The evaluations of a storage."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot

    def current(self) -> Record | None:
        """The evaluation that counts; None before the first."""
        pointer = self.depot.read(_POINTER)
        if pointer is None:
            return None
        told = self.depot.read(f"{FOLDER}/{pointer['version']}.json")
        if told is None:
            return None
        tallies = {id_: Tally(**tally) for id_, tally in told.pop("tallies").items()}
        return Record(**told, tallies=tallies)

    def violations(self, version: str) -> list[Violation]:
        """Every violation that is known with an evaluation.

        Args:
            version: its name; empty for none, before the first.
        """
        if not version:
            return []
        file = self.depot.here(f"{FOLDER}/{version}.jsonl.gz")
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            return [Violation.from_json(json.loads(line)) for line in lines]

    def change(self, make: Making) -> Record:
        """Have an evaluation count that is made of the one that counts now.

        Evaluations of one machine take turns. Where another machine's came to count meanwhile, it
        is made anew from that one, so that neither is lost.

        Args:
            make: told the record and the violations of before; gives those of after. The record's
                version is given here.

        Raises:
            GovernanceError: others were quicker time and again.
        """
        with self._turn():
            for _ in range(_TRIES):
                # The pointer's tag first: what others keep after this look is then noticed.
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
            f"Violations were evaluated {_TRIES} times, and each time another machine had kept an "
            "evaluation meanwhile. What to do: have one machine evaluate, or try again."
        )

    def _written(self, record: Record, violations: Iterable[Violation]) -> Record:
        """An evaluation, whole, that does not count yet."""
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
        """Which content the pointer has; None where there is none yet."""
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
    """The trend with a day in it; a later look at the same day takes its place."""
    found = {**trend, day: dict(broken)}
    return {each: found[each] for each in sorted(found)[-_DAYS_OF_TREND:]}


def _write(file: Path, violations: Iterable[Violation]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        for one in violations:
            lines.write(json.dumps(one.to_json(), ensure_ascii=False) + "\n")


def _in_short(one: Violation) -> dict[str, Any]:
    """What an alert says of it."""
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
