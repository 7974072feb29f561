"""Reading 1,000,000 rows, compared with polars' bare parser, and with csv and Decimal in Python.

The rows are in the product's own format; some amounts have thousands separators and quotes. The
three take turns in one process. Memory is measured in separate processes, above one that only
imported what it needs.
"""

import csv
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from credits_pipeline.core.statement import blocking

ROWS = 1_000_000
TURNS = 7
MONTH = (2025, 1)
_AMOUNT = re.compile(r"-?\$? ?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]{1,12})?")
_ACCOUNT = re.compile(r"[0-9]{12}")


def write(path: Path) -> None:
    """Write a month of a million accounts, unsorted."""
    made = random.Random(7)
    with path.open("w") as file:
        for number in made.sample(range(10**12), ROWS):
            cents = made.randrange(10 ** made.randint(3, 8))
            amount = f"${cents // 100:,}.{cents % 100:02d}"
            file.write(
                f'{number:012d},"{amount}"\n' if "," in amount else f"{number:012d},{amount}\n"
            )


def bare(path: Path) -> None:
    """Polars' parser, which checks nothing."""
    import polars as pl

    pl.read_csv(path, has_header=False)


def plain_python(path: Path) -> None:
    """The same table and the same checks in the standard library."""
    text = path.read_bytes().decode("utf-8")
    table: dict[str, tuple[Decimal, int]] = {}
    rejected, duplicates = [], []
    positive = negative = records = 0
    file_usd = left_out = Decimal(0)
    for line, cells in enumerate(csv.reader(text.splitlines()), start=1):
        records += 1
        account, amount = cells[0].strip(), cells[1].strip() if len(cells) == 2 else ""
        if not _ACCOUNT.fullmatch(account) or not _AMOUNT.fullmatch(amount):
            rejected.append((line, cells))
            continue
        usd = Decimal(amount.replace("$", "").replace(",", "").replace(" ", ""))
        positive, negative = positive + (usd > 0), negative + (usd < 0)
        file_usd += usd
        if account in table:
            duplicates.append((account, line, usd, table[account]))
            left_out += usd
        else:
            table[account] = (usd, line)
    rows = sorted((account, usd, line) for account, (usd, line) in table.items())
    assert len(rows) + len(duplicates) + len(rejected) == records
    assert sum(usd for _, usd, _ in rows) + left_out == file_usd
    assert not (positive and negative)
    assert len(rows) == ROWS


def ours(path: Path) -> None:
    """The product's reader, with its statements."""
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.credits.evaluation.judgement import statements
    from credits_pipeline.credits.model.decisions import Decisions
    from credits_pipeline.credits.reading import read_month

    reading = read_month(path.read_bytes(), BillingMonth(*MONTH))
    assert not blocking(statements(reading, Decisions()))
    assert len(reading.rows) == ROWS


def timed(path: Path) -> dict[str, float]:
    """The median seconds of each, taken in turns."""
    ways: dict[str, Callable[[Path], None]] = {
        "bare": bare,
        "ours": ours,
        "plain_python": plain_python,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(TURNS):
        for name, way in ways.items():
            if name == "plain_python" and turn > 2:
                continue
            started = time.perf_counter()
            way(path)
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(figures) for name, figures in seconds.items()}


def peak_of_this_process() -> int:
    """The most bytes that this process had. In rusage a child inherits its parent's peak."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (text for text in status.read_text().splitlines() if text.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peak_bytes(path: Path, *, reading: bool) -> int:
    """The peak of memory of a process that reads, or that only imports."""
    script = (
        "import polars, sys; from pathlib import Path; from bench import reading;"
        " from credits_pipeline.credits.evaluation import judgement;"
        f" {'reading.ours(Path(sys.argv[1]));' if reading else ''}"
        " print(reading.peak_of_this_process())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "credits-2025-01.csv"
        write(path)
        size = path.stat().st_size
        seconds = timed(path)
        memory = peak_bytes(path, reading=True) - peak_bytes(path, reading=False)
    ours_, bare_, python_ = seconds["ours"], seconds["bare"], seconds["plain_python"]
    print(f"rows {ROWS:,}, file {size / 1e6:.1f} MB")
    print(f"polars' bare read_csv            {bare_:8.3f} s")
    print(
        f"ours, with every check           {ours_:8.3f} s   {ours_ / bare_:5.1f} x polars"
        "    wanted: at most 12"
    )
    print(
        f"csv and Decimal, same checks     {python_:8.3f} s   {python_ / ours_:5.1f} x ours"
        "      wanted: at least 5"
    )
    print(
        f"memory above an idle process     {memory / 1e6:8.0f} MB  {memory / size:5.1f} x the file"
        "  wanted: at most 8"
    )


if __name__ == "__main__":
    main()
