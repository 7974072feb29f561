"""Expressions that use one row at a time, evaluated on all of polars' threads."""

import polars as pl

#: This many rows at a time: enough to be worth a thread, few enough to keep intermediate results
#: small.
_ROWS = 65_536


def select(frame: pl.DataFrame, *expressions: pl.Expr) -> pl.DataFrame:
    """``frame.select`` of expressions that turn each row into one row, using that row only."""
    return pl.concat(
        pl.collect_all([part.lazy().select(expressions) for part in _slices(frame)]),
        rechunk=False,
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
    return [frame.slice(start, _ROWS) for start in range(0, max(frame.height, 1), _ROWS)]
