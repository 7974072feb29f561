"""Expressions that look at one row at a time, evaluated on all of polars' threads."""

import polars as pl

#: Fewer rows are not worth being cut.
_WORTH_CUTTING = 50_000


def select(frame: pl.DataFrame, *expressions: pl.Expr) -> pl.DataFrame:
    """``frame.select`` of expressions that give a row a row and look at that row only."""
    return pl.concat(
        pl.collect_all([part.lazy().select(expressions) for part in _slices(frame)]),
        rechunk=True,
    )


def all_true(frame: pl.DataFrame, *conditions: pl.Expr) -> bool:
    """Whether every condition is true of every row."""
    parts = pl.collect_all(
        [
            part.lazy().select(pl.all_horizontal(condition.all() for condition in conditions))
            for part in _slices(frame)
        ]
    )
    return all(part.item() for part in parts)


def _slices(frame: pl.DataFrame) -> list[pl.DataFrame]:
    if frame.height < _WORTH_CUTTING:
        return [frame]
    length = -(-frame.height // pl.thread_pool_size())
    return [frame.slice(start, length) for start in range(0, frame.height, length)]
