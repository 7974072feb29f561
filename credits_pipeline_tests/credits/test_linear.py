"""Time grows with the size of the input, and no faster: each part is timed at n and 4n."""

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import Controls, UnreadableFile, read_month
from credits_pipeline.credits.reading.accounts import account
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.lines import Line, understood
from credits_pipeline.credits.reading.months import month_text

JANUARY = BillingMonth(2025, 1)
#: Four times the input may take twelve times as long: quadratic work would take sixteen, and
#: the measured figures are far below.
_MORE, _ALLOWED = 4, 12
#: Less than this is noise.
_NOISE = 0.05


def seconds(work: Callable[[], object]) -> float:
    """Processor time of this process; the best of two."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        with contextlib.suppress(UnreadableFile):
            work()
        best = min(best, time.process_time() - start)
    return best


def rows(count: int) -> list[str]:
    return [f"{310_000_000_000 + i:012d},{i % 97}.25" for i in range(count)]


def with_subtotals(n: int) -> bytes:
    found = ["Account ID,Credits"]
    for row in rows(n):
        found += [row, f"Subtotal,{row.split(',')[1]}"]
    return "\n".join(found).encode()


def with_titles(n: int) -> bytes:
    titles = ["AWS credits " + "January 2025 " * n] * 5
    return "\n".join([*titles, "Account ID,Credits", *rows(2)]).encode()


def with_notes(n: int) -> bytes:
    notes = [f"Note {i} as of 2025-02-03" for i in range(n)]
    return "\n".join(["Account ID,Credits", *rows(2), *notes]).encode()


def with_wide_header(n: int) -> bytes:
    return "\n".join(["Account ID,Credits," + "x" * n * 100, *rows(2)]).encode()


def with_names(n: int) -> bytes:
    named = [f"{row},name {i} of us" for i, row in enumerate(rows(n))]
    return "\n".join(["Account ID,Credits,Name", *named]).encode()


def with_several_rows(n: int) -> bytes:
    found = [f"310987654321,EC2 {i},1.25" for i in range(n)]
    return "\n".join(["Account ID,Service,Credits", *found, f"Total,,{n * 1.25:.2f}"]).encode()


def with_one_row_again(n: int) -> bytes:
    return "\n".join(["Account ID,Credits", *["310987654321,1.25"] * n]).encode()


def with_bad_rows(n: int) -> bytes:
    return "\n".join(["Account ID,Credits", *(f"no id {i},x{i}" for i in range(n))]).encode()


@pytest.mark.parametrize(
    ("make", "n"),
    [
        (with_subtotals, 1000),
        (with_titles, 2000),
        (with_notes, 1500),
        (with_wide_header, 5000),
        (with_names, 4000),
        (with_several_rows, 2000),
        (with_one_row_again, 4000),
        (with_bad_rows, 2000),
    ],
)
def test_reading_is_linear_in_the_file(make: Callable[[int], bytes], n: int) -> None:
    small, large = make(n), make(_MORE * n)
    read_month(b"310987654321,1.25\n", JANUARY)
    one = seconds(lambda: read_month(small, JANUARY))
    more = seconds(lambda: read_month(large, JANUARY))
    assert more <= _ALLOWED * max(one, _NOISE)


#: Pieces with which amounts, ids, months and totals begin, and over which a pattern may backtrack.
PIECES = st.lists(
    st.sampled_from(
        [
            " ",
            "  ",
            "$",
            "US",
            "USD",
            "-",
            "(",
            ")",
            "1",
            "11",
            ".",
            ",",
            "'",
            "e",
            "2025",
            "Total",
            ":",
        ]
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(PIECES, PIECES, PIECES)
def test_no_cell_takes_longer_than_its_length(
    start: list[str], again: list[str], end: list[str]
) -> None:
    for count in (30, 20_000):
        text = "".join(start) + "".join(again) * count + "".join(end)
        began = time.process_time()
        parse_amount(text)
        account(text)
        month_text(text)
        try:
            understood([Line(1, (text[:1000],))], name="f", layout="header")
            read_month(b"310987654321,1.25\n", JANUARY, controls=Controls(total=text, rows=text))
        except UnreadableFile:
            pass
        assert time.process_time() - began < 1


@pytest.mark.parametrize("cell", ["$" + " " * 90 + "x", "US" + " " * 95, "-" + " " * 95 + "1x"])
def test_the_spaces_round_an_amount_are_matched_once(cell: str) -> None:
    began = time.process_time()
    for _ in range(200):
        parse_amount(cell)
    assert time.process_time() - began < 1
