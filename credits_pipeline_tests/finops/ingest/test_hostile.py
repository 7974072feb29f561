"""Whoever can write to an export's bucket can't read the machine's files or fill its disk."""

import gzip
import os
import socket
import threading
from pathlib import Path

import pytest

from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ingest import Limits
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline.finops.objects import open_place
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    charge,
    csv_text,
    failed,
    packed,
    put,
    rows_of,
    take_in,
    write_parquet,
)

TIGHT = Limits(memory="300MB", threads=2, free_expansion=1 << 20, expansion=50)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "bills").mkdir()
    return Source("s", "focus", str(tmp_path / "bills"))


def left(tmp_path: Path) -> list[Path]:
    """What an ingest left besides the versions."""
    return list((tmp_path / "lake/.work").glob("ingest-*"))


def test_a_gzip_bomb_stops_early(tmp_path: Path, lake: Lake, source: Source) -> None:
    put(tmp_path / "bills/2026-05.csv.gz", gzip.compress(b"0" * (200 << 20), 9))
    done = take_in(source, lake, limits=TIGHT)
    assert "becomes more than" in failed(done)["files_match_manifest"].says
    assert left(tmp_path) == []


def test_a_gzip_within_a_gzip_is_not_text(tmp_path: Path, lake: Lake, source: Source) -> None:
    put(tmp_path / "bills/2026-05.csv.gz", gzip.compress(packed(csv_text([charge()]))))
    assert failed(take_in(source, lake))["columns_are_there"]


@pytest.mark.parametrize("cut", [0, 5, 30, -1, -9])
def test_a_gzip_that_is_cut_anywhere_is_reported(
    tmp_path: Path, lake: Lake, source: Source, cut: int
) -> None:
    whole = packed(csv_text([charge(day=day) for day in range(1, 29)]))
    put(tmp_path / "bills/2026-05.csv.gz", whole[:cut])
    done = take_in(source, lake)
    check = failed(done)["files_match_manifest"]
    assert done.outcome == "refused"
    assert any(word in check.says for word in ("cut off", "damaged", "empty"))
    assert check.passes


@pytest.mark.parametrize("at", [-8, -1])
def test_a_gzip_whose_checksum_or_length_is_wrong_is_reported(
    tmp_path: Path, lake: Lake, source: Source, at: int
) -> None:
    spoiled = bytearray(packed(csv_text([charge()])))
    spoiled[at] ^= 0xFF
    put(tmp_path / "bills/2026-05.csv.gz", bytes(spoiled))
    assert "damaged" in failed(take_in(source, lake))["files_match_manifest"].says


def test_a_line_without_an_end_is_reported_and_not_read_into_memory(
    tmp_path: Path, lake: Lake, source: Source
) -> None:
    text = csv_text([charge()]) + '"' + "x" * (8 << 20)
    put(tmp_path / "bills/2026-05.csv", text)
    done = take_in(source, lake)
    assert "row 2" in failed(done)["cells_have_their_types"].cases[0]


def test_a_header_without_an_end_is_reported(tmp_path: Path, lake: Lake, source: Source) -> None:
    put(tmp_path / "bills/2026-05.csv", "x" * (8 << 20))
    assert failed(take_in(source, lake))["columns_are_there"]
    put(tmp_path / "bills/2026-05.csv", "a," * 500_000)
    assert "columns" in failed(take_in(source, lake))["columns_are_there"].says


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9, os.urandom(500), b"\0" * 5000])
def test_what_is_not_parquet_is_reported(
    tmp_path: Path, lake: Lake, source: Source, content: bytes
) -> None:
    put(tmp_path / "bills/2026-05.parquet", content)
    check = failed(take_in(source, lake))["files_match_manifest"]
    assert "2026-05.parquet can't be read as Parquet" in check.says
    assert str(tmp_path / "lake") not in check.says


def test_a_parquet_that_claims_more_rows_than_its_bytes_hold_is_not_read(
    tmp_path: Path, lake: Lake, source: Source
) -> None:
    write_parquet(
        tmp_path / "bills/2026-05.parquet", 'SELECT 1.5 AS "BilledCost" FROM range(30000000)'
    )
    check = failed(take_in(source, lake))["rows_match_manifest"]
    assert "claims 30,000,000 rows" in check.says


def test_a_parquet_cut_anywhere_is_reported(tmp_path: Path, lake: Lake, source: Source) -> None:
    path = tmp_path / "bills/2026-05.parquet"
    columns = ", ".join(f"'{value}' AS \"{name}\"" for name, value in charge().items())
    write_parquet(path, f"SELECT {columns}")
    whole = path.read_bytes()
    assert take_in(source, lake).outcome == "published"
    for at in range(0, len(whole), max(1, len(whole) // 4)):
        path.write_bytes(whole[:at] + b"\0" * (len(whole) - at))
        done = take_in(source, lake)
        assert done.outcome == "refused", at
    path.write_bytes(whole[:-1] + b"2")
    assert take_in(source, lake).outcome == "refused"


@pytest.mark.parametrize("kind", ["file", "folder", "chain"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    tmp_path: Path, lake: Lake, source: Source, kind: str
) -> None:
    secret = put(tmp_path / "elsewhere/2026-05.csv", csv_text([charge()]))
    bills = tmp_path / "bills"
    if kind == "file":
        (bills / "2026-05.csv").symlink_to(secret)
    elif kind == "folder":
        (bills / "2026-05").symlink_to(secret.parent)
    else:
        (bills / "hop").symlink_to(secret)
        (bills / "2026-05.csv").symlink_to(bills / "hop")
    if kind == "folder":
        assert take_in(source, lake).outcome == "nothing"
        return
    with pytest.raises(BillError, match="leads out of"):
        take_in(source, lake)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_special_files_block_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "2026-05.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    with pytest.raises(BillError, match="What to do"):
        open_place(str(path.parent)).read(path.name, 1 << 20)
    with pytest.raises(BillError, match="What to do"):
        open_place(str(path.parent)).head(path.name)


def test_a_link_put_there_while_a_file_is_opened_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = put(tmp_path / "elsewhere/secret.csv", "secret")
    file = put(tmp_path / "bills/2026-05.csv", "bill")
    opened = os.open

    def swapped(path: str, *how: int, **more: int) -> int:
        if Path(path) == file:
            file.unlink()
            file.symlink_to(secret)
        return opened(path, *how, **more)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(BillError, match="leads out of"):
        open_place(str(file.parent)).read(file.name, 1 << 20)


NAMES = [
    "'; DROP TABLE x; --", 'a"b', "it's", "*", "a*.csv", "[a-z]", "{a,b}", "x);COPY(SELECT 1)TO'y",
    "$(touch x)", "é 漢字", "%s", "a b", "-rf", "~", "a;b",
]  # fmt: skip


def test_a_file_s_name_is_never_sql_nor_a_pattern(
    tmp_path: Path, lake: Lake, source: Source
) -> None:
    for at, name in enumerate(NAMES):
        rows = [charge(BilledCost=str(at + 1))]
        put(tmp_path / "bills/2026-05" / f"{name}.csv", csv_text(rows))
    done = take_in(source, lake)
    kept = {row["file"]: row["BilledCost"] for row in rows_of(lake, done.version)}
    assert kept == {f"{name}.csv": at + 1 for at, name in enumerate(NAMES)}


HEADERS = [
    "c0", "r", "r0", "file_row_number", "filename", "source", "file_row", "x'", 'x"', "x\\",
    "'||(SELECT 1)||'", "a, b", "{", "}", "", " ", "x_漢字", "rowid",
]  # fmt: skip


def test_headers_are_never_sql_in_csv_and_in_parquet(
    tmp_path: Path, lake: Lake, source: Source
) -> None:
    import json

    cells = list(charge().items())
    more = [(header, f"v{at}") for at, header in enumerate(HEADERS)]
    import csv
    import io

    file = io.StringIO()
    csv.writer(file).writerows([[n for n, _ in cells + more], [v for _, v in cells + more]])
    put(tmp_path / "bills/2026-05.csv", file.getvalue())
    done = take_in(source, lake)
    (row,) = rows_of(lake, done.version)
    kept = json.loads(row["x_columns"])
    assert row["BilledCost"] == 1.5
    assert kept["'||(SELECT 1)||'"] == f"v{HEADERS.index(chr(39) + '||(SELECT 1)||' + chr(39))}"
    assert {kept[name] for name in ("c0", "r", "rowid", "filename", "x\\")} <= {
        f"v{at}" for at in range(len(HEADERS))
    }

    (tmp_path / "bills/2026-05.csv").unlink()
    unique = [(h, v) for h, v in more if h.strip()]
    quoted = ", ".join(
        "'{}' AS \"{}\"".format(str(value).replace("'", "''"), name.replace('"', '""'))
        for name, value in cells + unique
    )
    write_parquet(tmp_path / "bills/2026-05.parquet", f"SELECT {quoted}")
    done = take_in(source, lake)
    (row,) = rows_of(lake, done.version)
    assert json.loads(row["x_columns"])["'||(SELECT 1)||'"].startswith("v")
    assert (row["BilledCost"], row["file_row"]) == (1.5, 1)


def test_cells_are_data_whatever_they_say(tmp_path: Path, lake: Lake, source: Source) -> None:
    text = '=HYPERLINK("http://x") **bold** <script> \'; DROP TABLE x; --'
    rows = [charge(ServiceName=text, Tags='{"team": "' + "=1+1|[a](b)" + '"}')]
    put(tmp_path / "bills/2026-05.csv", csv_text(rows))
    (row,) = rows_of(lake, take_in(source, lake).version)
    assert (row["ServiceName"], row["tag_team"]) == (text, "=1+1|[a](b)")


def test_nothing_asks_the_network(tmp_path: Path, lake: Lake, source: Source) -> None:
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/2026-05.csv"
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    heard.append(server.accept())
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        listener.start()
        import json

        for name in (address, f"s3://{address}", "/etc/passwd", "../lake", "file:///etc/passwd"):
            put(tmp_path / "bills/2026-05/manifest.json", json.dumps({"files": [{"name": name}]}))
            with pytest.raises(BillError):
                take_in(source, lake)
        stop.set()
        listener.join()
    assert heard == []


def test_the_engine_sees_its_own_folder_and_nothing_else(tmp_path: Path) -> None:
    import duckdb

    from credits_pipeline.finops.ingest.engine import engine

    inside, outside = tmp_path / "in", tmp_path / "out"
    put(inside / "a.csv", "a\n1\n")
    put(outside / "a.csv", "a\n1\n")
    with engine(inside, TIGHT) as connection:
        assert connection.execute(f"SELECT * FROM read_csv('{inside}/a.csv')").fetchall() == [(1,)]
        for sql in (
            f"SELECT * FROM read_csv('{outside}/a.csv')",
            f"SELECT * FROM read_csv('{inside}/../out/a.csv')",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM glob('/etc/*')",
            f"COPY (SELECT 1) TO '{outside}/b.csv'",
            f"ATTACH '{outside}/x.db'",
            "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '9GB'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql).fetchall()
    assert lake_is_untouched(outside)


def lake_is_untouched(outside: Path) -> bool:
    return sorted(path.name for path in outside.iterdir()) == ["a.csv"]


def test_a_full_disk_is_reported_and_the_month_keeps_its_version(
    tmp_path: Path, lake: Lake, source: Source
) -> None:
    put(tmp_path / "bills/2026-05.csv", csv_text([charge()]))
    first = take_in(source, lake)
    put(tmp_path / "bills/2026-05.csv.gz", packed(csv_text([charge()] * 2000)))
    (tmp_path / "bills/2026-05.csv").unlink()
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # The kernel lets no file grow: this is what a full disk does, for one process.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(BillError, match="disk"):
            take_in(source, lake)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert lake.current(source.name, MAY) == first.version
    assert left(tmp_path) == []
    assert take_in(source, lake).rows == 2000
