"""Nothing gets out of the fence, whatever runs behind it; these tests bypass the gate."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from credits_pipeline.finops.governance.fence import Fence, FenceError, Limits
from credits_pipeline.finops.governance.gate import RefusedError, expression
from credits_pipeline_tests.finops.governance.hostile import EXAMPLES, texts
from credits_pipeline_tests.finops.governance.tables import resource, table


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [resource(f"i-{number}") for number in range(50)]
    return table(tmp_path_factory.mktemp("fence"), rows)


@pytest.fixture(scope="module")
def fence(file: Path) -> Iterator[Fence]:
    with Fence(file) as found:
        yield found


def resident(fence: Fence) -> int:
    assert fence._process is not None
    status = Path(f"/proc/{fence._process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "ATTACH '/tmp/out.db'",
        "COPY resources TO '/tmp/out.csv'",
        "EXPORT DATABASE '/tmp/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
        "SET allowed_directories = ['/']",
    ],
)
def test_files_and_settings_are_out_of_reach(fence: Fence, sql: str) -> None:
    with pytest.raises(FenceError, match="can't be computed"):
        fence.ask(sql)
    assert not list(Path("/tmp").glob("out.*"))  # noqa: S108 - where the statements point


def test_no_secret_of_this_process_is_passed_on(fence: Fence) -> None:
    fence.ask("SELECT 1")
    assert fence._process is not None
    names = Path(f"/proc/{fence._process.pid}/environ").read_bytes().split(b"\0")
    assert [name for name in names if name] == [b"LC_ALL=C.UTF-8"]
    handles = Path(f"/proc/{fence._process.pid}/fd").iterdir()
    kinds = {str(one.readlink()).partition(":")[0] for one in handles}
    assert "socket" not in kinds


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('x', 4000000000))",
        "SELECT list_sum(range(2000000000))",
        "SELECT COUNT(DISTINCT a.range + b.range) FROM range(99999) a, range(99999) b",
    ],
)
def test_what_takes_memory_or_time_ends_and_the_next_question_is_answered(
    fence: Fence, sql: str
) -> None:
    started = time.monotonic()
    with pytest.raises(FenceError, match="took more than"):
        fence.ask(sql)
    assert time.monotonic() - started < 40
    assert fence.ask("SELECT COUNT(*) FROM resources") == [[50]]
    assert resident(fence) < 700_000


def test_processor_time_is_the_kernel_s_to_count(file: Path) -> None:
    with Fence(file, Limits(seconds=0.2)) as short:
        with pytest.raises(FenceError, match=r"more than 0.2 seconds of processor time"):
            short.ask(
                "SELECT COUNT(*) FROM range(100000) a, range(100000) b WHERE a.range > b.range"
            )
        assert short.ask("SELECT 1") == [[1]]


def test_a_process_that_is_ended_from_outside_is_reported(file: Path) -> None:
    with Fence(file) as found:
        found.ask("SELECT 1")
        assert found._process is not None
        found._process.kill()
        with pytest.raises(FenceError):
            found.ask("SELECT 1")
        assert found.ask("SELECT 1") == [[1]]


def test_a_table_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with (
        Fence(tmp_path / "none.parquet") as found,
        pytest.raises(FenceError, match="did not start"),
    ):
        found.ask("SELECT 1")


@given(text=texts)
@settings(max_examples=max(150, EXAMPLES // 5), deadline=None)
def test_whatever_the_gate_lets_by_gives_one_value_a_resource_and_nothing_else(
    fence: Fence, text: str
) -> None:
    try:
        gated = expression(text, {"allowed": ("a", "b"), "x": 3})
    except RefusedError:
        return
    try:
        found = fence.ask(f"SELECT CAST({gated.sql} AS VARCHAR) FROM resources")
    except FenceError as error:
        assert "can't be computed" in str(error), error  # noqa: PT017 - the fuzzer's own question
        return
    assert len(found) == 50
    assert all(len(row) == 1 for row in found)
