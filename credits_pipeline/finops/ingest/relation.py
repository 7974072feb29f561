"""A file's rows as SQL with columns ``c0, c1, …``: names of the file never become names of SQL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """Rows of one file, in the file's own form.

    Attributes:
        sql: what follows FROM; its columns are ``c0`` … and ``r``, the number of the row.
        headers: the file's own names, by position.
        types: DuckDB's types, by position.
    """

    sql: str
    headers: tuple[str, ...]
    types: tuple[str, ...]

    def column(self, at: int) -> str:
        """A column's name in the SQL."""
        return f"c{at}"
