"""How much work a delivery may cause on this machine, whoever wrote it."""

from dataclasses import dataclass

_MB = 1 << 20
_GB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read. Real bills stay far below each.

    Attributes:
        memory: the engine's limit, in DuckDB's form; the rest goes to the disk.
        threads: of the engine; None for as many as there are cores.
        spill: disk space for the engine beside the files, in DuckDB's form.
        expansion: how many times larger a compressed file may become, beyond `free_expansion`.
        free_expansion: bytes that a compressed file may become, whatever its size.
        rows_per_byte: rows that a Parquet file may claim for each of its bytes, beyond a million.
        columns: in a file.
        line: bytes of one line of CSV.
    """

    memory: str = "1GB"
    threads: int | None = None
    spill: str = "50GB"
    expansion: int = 250
    free_expansion: int = _GB
    rows_per_byte: int = 10
    columns: int = 2_000
    line: int = 2 * _MB
