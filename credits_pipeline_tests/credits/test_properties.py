"""What is true for every file, tested with very many files."""

import os
import re
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.reading import (
    MonthReading,
    Sheet,
    UnreadableFile,
    accounts,
    amounts,
    grid,
    read_sheet,
)
from credits_pipeline.credits.reading.profiles.book import Profiles
from credits_pipeline.credits.reading.text import decode

sys.path.insert(0, str(Path(__file__).parent))
import reference
import written

#: The number of damaged files; CI tries the same ones each time, ``make fuzz`` 200,000 others.
MUTATED = int(os.environ.get("FUZZ_FILES", "2000"))
#: How often each file is damaged: generating one takes as long as reading several.
DAMAGES = 10
SOME_MONTH = BillingMonth(2000, 1)
FIXTURES = [
    path.read_bytes() for path in sorted((Path(__file__).parent / "fixtures").glob("*/*.csv"))
]
#: Warnings that a table can cause, however it is written.
HARMLESS = re.compile(
    r"Every amount is zero\.|Nothing is filled in for 20|[0-9,]+ amounts? (is|are) blank \("
)
#: Bytes that matter in a table, and some that only damage it.
BYTES = b"0123456789.,-$\";\t\r\n ()'EeA+=/|\xa0\x00\xff"


def months_of(sheet: Sheet) -> dict[str | None, MonthReading]:
    if not sheet.months:
        return {None: sheet.month(SOME_MONTH)}
    return {str(month): sheet.month(month) for month in sheet.months}


def table_of(reading: MonthReading) -> dict[str, tuple[Decimal, int]]:
    return {account: (usd, line) for account, usd, line in reading.rows.iter_rows()}


@given(written.EVERY_SHAPE)
def test_any_table_written_in_any_shape_and_text_reads_back_exactly(file: written.Written) -> None:
    sheet = read_sheet(file.data)
    assert sheet.layout == file.layout
    found = months_of(sheet)
    assert {month: table_of(reading) for month, reading in found.items()} == file.months
    for reading in found.values():
        assert blocking(statements(reading, Decisions())) == ()
        for warning in reading.findings.warnings:
            assert file.warned or HARMLESS.match(warning)


@given(written.EVERY_SHAPE)
def test_every_record_is_in_the_ledger(file: written.Written) -> None:
    sheet = read_sheet(file.data)
    if len(file.months) == 1:
        (reading,) = months_of(sheet).values()
        ledger = reading.findings.ledger
        assert ledger.closes
        assert ledger.file_rows == file.records


@given(written.headerless(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing_but_the_lines(
    file: written.Written, random: Random
) -> None:
    sheet = read_sheet(file.data)
    text = decode(file.data, name="").decoded()
    if '"' in text or text.startswith("sep"):
        return
    lines = text.splitlines()
    random.shuffle(lines)
    again = read_sheet("\n".join(lines).encode())
    (before,), (after,) = months_of(sheet).values(), months_of(again).values()
    columns = ["account_id", "amount_usd"]
    assert before.rows.select(columns).equals(after.rows.select(columns))
    assert before.findings.total_usd == after.findings.total_usd


def damaged(data: bytes, chance: Random) -> bytes:  # noqa: C901 - a kind of damage after the other
    """A file that somebody, or a transmission, damaged in one to four places."""
    file = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not file:
            break
        at = chance.randrange(len(file))
        match chance.randrange(8):
            case 0:
                file[at] = chance.randrange(256)
            case 1:
                file[at] = chance.choice(BYTES)
            case 2:
                file.insert(at, chance.choice(BYTES))
            case 3:
                del file[at]
            case 4:
                del file[at : at + chance.randint(1, 12)]
            case 5:
                other = chance.randrange(len(file))
                file[other:other] = file[at : at + 30]
            case 6:
                del file[at:]
            case _:
                lines = bytes(file).split(b"\n")
                first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
                if chance.random() < 0.5:
                    lines[first], lines[second] = lines[second], lines[first]
                else:
                    lines.insert(first, lines[second])
                file = bytearray(b"\n".join(lines))
    return bytes(file)


def agrees_with_the_reference(data: bytes, first: BillingMonth | None = None) -> None:
    try:
        # The slow reader knows the layouts; profiles have their own tests.
        sheet = read_sheet(data, first_month=first, profiles=Profiles())
    except UnreadableFile:
        return
    found = months_of(sheet)
    if not any(len(reading.rows) for reading in found.values()):
        return  # nothing would be sent
    expected = reference.read(data, None if first is None else (first.year, first.month))
    assert sheet.layout == expected.layout
    assert set(found) == set(expected.months)
    for month, reading in found.items():
        wanted = expected.months[month]
        assert table_of(reading) == wanted.rows
        assert reading.rejected["line"].to_list() == wanted.rejected
        repeated = reading.duplicates.select("line", "first_line", "identical").rows()
        assert sorted(repeated) == sorted(wanted.repeated)
        assert reading.findings.signs.mixed == expected.mixed_signs
        assert reading.findings.ledger.closes


@pytest.mark.parametrize(
    ("data", "first"),
    [
        (
            (
                b"Account ID,Credit Amount,MonthAccount ID,Credit Amount,Month\n"
                b"000000000002,5.00,2024-11"
            ),
            None,
        ),
        (b"Account ID,Credit Amount,Payer Account ID\n000000000002,5.00,2024-11\n", None),
        (
            (
                b"Account ID,Credits,Payer Account\n"
                b"000000000002,5.00,Usage\n000000000003,6.00,Credit\n"
            ),
            None,
        ),
        (b"Account ID,Credits,Account\n000000000002,5.00,EUR\n000000000003,6.00,EUR\n", None),
        (b"Account ID,Credit Amount,Note,Month\n000000000002,5.00,a\n000000000003,6.00,b\n", None),
        (b"Payeraccount,888877776666\nAccount ID,Credits\n310987654321,61.50\n", None),
        (b"000000000002,-5.00,\r\n000000000003,-6.00,\r\n000000001,-7.00,(\r\n", SOME_MONTH),
    ],
)
def test_what_once_was_read_otherwise_is_read_as_the_slow_strict_reader_reads_it(
    data: bytes, first: BillingMonth | None
) -> None:
    agrees_with_the_reference(data, first)


@settings(max_examples=MUTATED // DAMAGES)
@given(
    st.one_of(st.sampled_from(FIXTURES), written.EVERY_SHAPE.map(lambda file: file.data)),
    st.integers(0, 2**64 - 1),
    st.sampled_from([None, SOME_MONTH]),
)
def test_damaged_files_are_read_as_the_slow_strict_reader_reads_them_or_refused(
    data: bytes, seed: int, first: BillingMonth | None
) -> None:
    chance = Random(seed)  # noqa: S311 - no secret
    for _ in range(DAMAGES):
        file = damaged(data, chance)
        try:
            agrees_with_the_reference(file, first)
        except Exception:
            note(f"the damaged file: {file!r}")
            raise


@pytest.mark.parametrize("data", FIXTURES)
def test_the_fixtures_are_read_as_the_slow_strict_reader_reads_them(data: bytes) -> None:
    agrees_with_the_reference(data)


@given(st.text(alphabet='01,;"\n\r $.é', max_size=60), st.sampled_from(",;"))
def test_the_fast_split_is_the_careful_split(content: str, delimiter: str) -> None:
    text = decode(content.encode(), name="") if content else None
    if text is None:
        return
    fast = grid._by_polars(text, delimiter, max_records=1000)
    if fast is None:
        return
    careful = grid._by_csv(text, delimiter, skip_lines=0, max_records=1000, name="")
    assert careful.malformed is None
    assert fast.lines.to_list() == careful.lines.to_list()
    assert [column.str.strip_chars().to_list() for column in fast.columns] == [
        column.str.strip_chars().to_list() for column in careful.columns
    ]


AMOUNT_TEXT = st.one_of(
    st.from_regex(amounts._PLAIN, fullmatch=True),
    st.text(alphabet="0123456789.,-$ ()+'USDE", max_size=16),
)


@given(st.lists(AMOUNT_TEXT, min_size=1, max_size=6))
def test_the_fast_reading_of_amounts_is_the_careful_one(cells: list[str]) -> None:
    column = pl.Series(cells, dtype=pl.String)
    lines = pl.int_range(1, len(cells) + 1, dtype=pl.Int64, eager=True)
    spelled = [amounts.parse_amount(cell) for cell in cells]
    for cell, found in zip(cells, spelled, strict=True):
        if pl.Series([cell]).to_frame("c").select(amounts.is_plain(pl.col("c"))).item():
            assert found.point is not None
            assert found.comma in {None, found.point}
            assert ("." in cell) == (found.says == ".")
    try:
        read = amounts.read_amounts(column, lines)
    except UnreadableFile:
        return
    assert read.usd.to_list() == [found.under(read.mark) for found in spelled]


@given(st.text(alphabet="0123456789-.E+= '\"()abT", max_size=18))
def test_the_fast_reading_of_accounts_is_the_careful_one(cell: str) -> None:
    read = accounts.read_accounts(pl.Series([cell], dtype=pl.String))
    found = accounts.account(cell)
    assert read.ids.to_list() == [found.id]
    assert (read.faults is None) == (found.fault is None)
    assert found.id is None or (len(found.id) == 12 and found.id.isascii() and found.id.isdigit())


@given(AMOUNT_TEXT)
def test_an_amount_is_what_the_slow_strict_reader_says(cell: str) -> None:
    found = amounts.parse_amount(cell)
    values = {mark: found.under(mark) for mark in ".,"}
    assert {m: v for m, v in values.items() if v is not None} == reference.amount(cell)
