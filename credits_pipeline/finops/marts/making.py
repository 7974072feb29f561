"""The marts of a month of a source: computed, checked against rows, stored; all or none count."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from credits_pipeline.finops.marts.columns import COSTS, DAY, TEXT, Column
from credits_pipeline.finops.marts.engine import Engine, EngineError
from credits_pipeline.finops.marts.mart import ROWS, Mart
from credits_pipeline.finops.marts.shelf import Kept, Shelf
from credits_pipeline.finops.marts.sums import SumCheck, Sums, sums_of_mart, sums_of_rows
from credits_pipeline.finops.objects import MissingError

_MADE = "made"


@dataclass(frozen=True)
class Rows:
    """The typed rows of one month of one source.

    Attributes:
        source: its name.
        billing_month: ``YYYY-MM``.
        version: which delivery of it, as the lake calls it.
        files: its Parquet files, here.
    """

    source: str
    billing_month: str
    version: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Made:
    """The result.

    Attributes:
        kept: the marts, in the catalogue's order.
        checks: one for each mart, up to the first that fails.
    """

    kept: tuple[Kept, ...]
    checks: tuple[SumCheck, ...]

    @property
    def holds(self) -> bool:
        """Whether every mart sums to its rows; only then do they count."""
        return all(check.holds for check in self.checks)


def version_of(mart: Mart, catalogue: Iterable[Mart], rows: str) -> str:
    """The name of a mart's version: from its rows and its texts."""
    texts = {other.name: other for other in catalogue}
    digests, at = [mart.digest], mart
    while at.reads != ROWS:
        at = texts[at.reads]
        digests.append(at.digest)
    return f"{rows}-{hashlib.sha256(' '.join(digests).encode()).hexdigest()[:8]}"


def is_made(shelf: Shelf, catalogue: Sequence[Mart], rows: Rows) -> bool:
    """Whether all marts of these rows are current already."""
    for mart in catalogue:
        kept = shelf.current(mart.name, rows.source, rows.billing_month)
        if kept is None or kept.version != version_of(mart, catalogue, rows.version):
            return False
    return True


def make(
    engine: Engine,
    shelf: Shelf,
    catalogue: Sequence[Mart],
    rows: Rows,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> Made:
    """Compute all marts of a month of a source; they become current if every one sums to its rows.

    Args:
        engine: computes them.
        shelf: stores them.
        catalogue: the marts, each after those that it reads.
        rows: what they are made from.
        say: called with what is being done.

    Raises:
        EngineError: one can't be computed.
    """
    engine.register(ROWS, rows.files, _asked(catalogue))
    expected = sums_of_rows(engine, [mart.of for mart in catalogue])
    kept, checks = [], []
    for mart in catalogue:
        say(f"{rows.source} {rows.billing_month}: {mart.name}")
        version = version_of(mart, catalogue, rows.version)
        one = _found(engine, shelf, mart, version, rows, expected[mart.of])
        if one is None:
            one = shelf.keep(_writer(engine, mart, version, rows))
            checks.append(_checked(engine, shelf, mart, one, expected[mart.of]))
        else:
            checks.append(SumCheck(mart.name, expected[mart.of], one.sums))
        if not checks[-1].holds:
            shelf.discard(one)
            return Made((), tuple(checks))
        kept.append(one)
    for one in kept:
        shelf.point(one)
    return Made(tuple(kept), tuple(checks))


def _found(
    engine: Engine, shelf: Shelf, mart: Mart, version: str, rows: Rows, expected: Sums
) -> Kept | None:
    """What was made from the same rows before, if its file still matches."""
    one = shelf.kept(mart.name, rows.source, rows.billing_month, version)
    if one is None:
        return None
    try:
        if _checked(engine, shelf, mart, one, expected).holds:
            return one
    except (EngineError, MissingError):
        pass  # an unreadable file is made again, like one with other content
    shelf.discard(one)
    return None


def _checked(engine: Engine, shelf: Shelf, mart: Mart, one: Kept, expected: Sums) -> SumCheck:
    """What counts is the file's content when it is read again."""
    engine.register(mart.name, [shelf.file(one)], mart.columns)
    return SumCheck(mart.name, expected, sums_of_mart(engine, mart.name))


def _writer(engine: Engine, mart: Mart, version: str, rows: Rows) -> Callable[[Path], Kept]:
    def write(file: Path) -> Kept:
        engine.run(mart.text, _MADE)
        return Kept(
            mart=mart.name,
            source=rows.source,
            billing_month=rows.billing_month,
            version=version,
            of=rows.version,
            rows=engine.replace(_MADE, mart.columns, file),
            sums=sums_of_mart(engine, _MADE),
        )

    return write


def _asked(catalogue: Sequence[Mart]) -> list[Column]:
    """The columns that the rows must have, for an error that names them."""
    tags = {key for mart in catalogue for key in mart.keys if key.name.startswith("tag_")}
    own = [Column("source", TEXT), Column("billing_month", TEXT), Column("charge_date", DAY)]
    return [*own, *(Column(cost, TEXT) for cost in COSTS), *sorted(tags, key=lambda c: c.name)]
