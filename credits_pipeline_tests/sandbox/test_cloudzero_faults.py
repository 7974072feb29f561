"""Faults on demand: each does what it says, to the requests that it is for."""

import threading
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from credits_pipeline.sandbox.cloudzero import Fault

STREAM = "1234abcd-1234-abcd-1234-abcd1234efgh"
MONTH = "2026-10"


def statuses(call: Any, credit: Any, times: int) -> list[int]:
    return [call.create([credit()]).status_code for _ in range(times)]


@pytest.mark.parametrize(
    ("which", "hit"),
    [
        ({"at": 2}, [200, 500, 200, 200]),
        ({"at": 2, "count": 2}, [200, 500, 500, 200]),
        ({"count": 3}, [500, 500, 500, 200]),
        ({}, [500, 500, 500, 500]),
        ({"month": MONTH, "at": 1}, [500, 200, 200, 200]),
        ({"month": "2026-09"}, [200, 200, 200, 200]),
        ({"connection_id": "another-stream"}, [200, 200, 200, 200]),
        ({"drop_operation": "sum"}, [200, 200, 200, 200]),
        ({"when": lambda record: record.number == 4}, [200, 200, 200, 500]),
        ({"when": lambda record: record.rows == 1}, [500, 500, 500, 500]),
    ],
)
def test_a_fault_hits_the_requests_that_it_names(
    cz: Any, call: Any, credit: Any, which: dict[str, Any], hit: list[int]
) -> None:
    cz.inject(Fault(operation="create", kind="status", **which))
    assert statuses(call, credit, 4) == hit
    assert [bool(record.faults) for record in cz.log] == [status == 500 for status in hit]


def test_ordinals_count_from_the_injection_and_each_fault_for_itself(
    cz: Any, call: Any, credit: Any
) -> None:
    call.create([credit()])
    cz.inject(
        Fault(operation="create", at=1, kind="status", status=429),
        Fault(operation="create", at=2, kind="status", status=503),
    )
    assert statuses(call, credit, 3) == [429, 503, 200]


def test_a_fault_of_any_operation_hits_all_of_them(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="any", kind="status", status=503))
    asked = [
        call.create([credit()]), call.validate([credit()]), call.drops(), call.contents(),
        call.costs(), call.connection(),
    ]  # fmt: skip
    assert {answer.status_code for answer in asked} == {503}
    cz.clear_faults()
    assert call.create([credit()]).status_code == 200


def test_of_two_faults_on_one_request_the_first_decides_and_delays_add_up(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(
        Fault(operation="create", kind="delay", seconds=0.05),
        Fault(operation="create", kind="status", status=503),
        Fault(operation="create", kind="status", status=500),
        Fault(operation="create", kind="delay", seconds=0.05),
    )
    began = time.monotonic()
    assert statuses(call, credit, 1) == [503]
    assert time.monotonic() - began >= 0.1
    assert cz.log[0].faults == ("delay", "status", "status", "delay")


def test_an_injected_answer_has_the_status_body_and_headers_that_were_asked_for(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(
        Fault(
            operation="contents",
            kind="status",
            status=200,
            body='{"billing_drop": []}',
            headers=(("X-Request-Id", "7"),),
        )
    )
    call.create([credit()])
    answer = call.contents()
    assert answer.json() == {"billing_drop": []}
    assert answer.headers["x-request-id"] == "7"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["status", "html"])
def test_an_error_after_the_commit_hides_that_the_rows_are_there(
    cz: Any, call: Any, credit: Any, kind: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind=kind, status=504, commit=True))
    assert statuses(call, credit, 1) == [504]
    assert cz.rows(STREAM, MONTH) == [credit()]
    assert cz.log[0].committed


@pytest.mark.parametrize("commit", [False, True])
def test_a_reset_ends_the_connection_before_or_after_the_commit(
    cz: Any, call: Any, credit: Any, commit: bool
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="reset", commit=commit))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        call.create([credit()])
    assert len(cz.rows(STREAM, MONTH)) == commit
    assert (cz.log[0].outcome, cz.log[0].status) == ("reset", None)
    assert cz.log[0].committed is commit
    assert call.create([credit()]).status_code == 200


def test_a_reset_is_a_reset_and_not_an_orderly_end(cz: Any, call: Any) -> None:
    cz.inject(Fault(operation="list", kind="reset"))
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        call.drops()


@pytest.mark.parametrize("commit", [False, True])
def test_a_hanging_request_is_over_when_the_client_has_left(
    cz: Any, call: Any, credit: Any, commit: bool
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="hang", commit=commit))
    with pytest.raises(httpx.ReadTimeout):
        call.create([credit()], timeout=0.1)
    cz.wait_until(lambda _: cz.log[0].outcome == "hung")
    assert len(cz.rows(STREAM, MONTH)) == commit
    assert call.create([credit()]).status_code == 200
    assert cz.max_in_flight(STREAM) == 1


def test_a_delayed_request_takes_effect_although_the_client_has_left(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="delay", seconds=2))
    with pytest.raises(httpx.ReadTimeout):
        call.create([credit()], timeout=0.1)
    assert cz.rows(STREAM, MONTH) == []
    assert call.create([credit(cost="-6.00")]).status_code == 409
    cz.wait_until(lambda _: cz.log[0].committed)
    assert cz.rows(STREAM, MONTH) == [credit()]


def test_a_delay_after_the_commit_keeps_only_the_answer_back(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="delay", seconds=30, commit=True))
    with pytest.raises(httpx.ReadTimeout):
        call.create([credit()], timeout=0.1)
    assert cz.rows(STREAM, MONTH) == [credit()]


@pytest.mark.parametrize("commit", [False, True])
def test_a_held_request_goes_on_when_the_faults_are_cleared(
    cz: Any, call: Any, credit: Any, commit: bool
) -> None:
    cz.inject(Fault(operation="create", kind="hold", commit=commit))
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(call.create([credit()])))
    thread.start()
    cz.wait_until(lambda _: cz.log and cz.log[0].faults and cz.log[0].committed is commit)
    assert cz.counters.in_flight == {STREAM: 1}
    assert len(cz.rows(STREAM, MONTH)) == commit
    cz.clear_faults()
    thread.join()
    assert answers[0].status_code == 200
    assert cz.counters.in_flight == {}


def test_a_truncated_answer_breaks_off_in_its_middle_and_the_rows_are_there(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="truncate"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        call.create([credit()])
    assert cz.rows(STREAM, MONTH) == [credit()]
    assert cz.log[0].outcome == "truncated"
    cz.inject(Fault(operation="contents", at=1, kind="truncate"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        call.contents()
    assert call.rows() == [credit()]


def test_an_answer_may_name_a_wrong_month(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="create", at=1, kind="wrong_month", answer_month="2026-09"))
    assert call.create([credit()]).json()["connection"]["month"] == "2026-09"
    assert cz.rows(STREAM, MONTH) == [credit()]


def test_rows_may_get_lost_under_an_answer_that_counts_them(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="lose_rows", rows=2))
    rows = [credit(f"{number:012d}") for number in range(5)]
    assert call.create(rows).json()["connection"]["row_count"] == 5
    assert call.rows() == rows[:3]


@pytest.mark.parametrize(
    ("shows", "sees"),
    [({}, httpx.ReadError), ({"shows": "hang"}, httpx.ReadTimeout),
     ({"shows": "status", "status": 504}, 504)],
)  # fmt: skip
def test_a_late_commit_undoes_the_newer_version_that_was_sent_meanwhile(
    cz: Any, call: Any, credit: Any, shows: dict[str, Any], sees: Any
) -> None:
    old, new = [credit(cost="-1.00")], [credit(cost="-2.00")]
    cz.inject(
        Fault(
            operation="create",
            at=1,
            kind="late_commit",
            after_requests=2,
            after_operation="create",
            **shows,
        )
    )
    if isinstance(sees, int):
        assert call.create(old).status_code == sees
    else:
        with pytest.raises(sees):
            call.create(old, timeout=0.2)
    assert cz.rows(STREAM, MONTH) == []
    call.create(new)
    assert call.rows() == new
    assert not cz.log[0].committed
    assert call.create(new).status_code == 200
    assert call.rows() == old
    assert cz.log[0].committed


def test_a_late_commit_may_wait_for_the_clock(cz: Any, call: Any, credit: Any) -> None:
    old, new = [credit(cost="-1.00")], [credit(cost="-2.00")]
    cz.inject(Fault(operation="create", at=1, kind="late_commit", after_seconds=600))
    with pytest.raises(httpx.ReadError):
        call.create(old)
    call.create(new)
    cz.clock.advance(timedelta(seconds=590))
    assert cz.rows(STREAM, MONTH) == new
    cz.clock.advance(timedelta(seconds=11))
    assert cz.rows(STREAM, MONTH) == old
    assert call.rows() == old


def test_a_late_commit_counts_only_requests_on_its_own_stream(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="late_commit", after_requests=1))
    with pytest.raises(httpx.ReadError):
        call.create([credit()])
    call.on("another-stream").create([credit()])
    call.validate([credit()])
    call.costs()
    assert cz.rows(STREAM, MONTH) == []
    assert call.contents().status_code == 404
    assert call.rows() == [credit()]


def test_a_drop_that_is_refused_is_not_committed_late(cz: Any, call: Any) -> None:
    cz.inject(Fault(operation="create", at=1, kind="late_commit", after_requests=1))
    assert call.create([{}]).status_code == 400
    call.drops()
    assert cz.rows(STREAM, MONTH) == []


def test_reads_may_lag_by_writes(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="contents", kind="lag", writes=1, count=2))
    a, b = [credit(cost="-1.00")], [credit(cost="-2.00"), credit("000000000002")]
    call.create(a)
    assert call.contents().status_code == 404
    call.create(b)
    assert call.rows() == a
    assert call.drops().json()["billing_drops"][0]["row_count"] == 2
    assert call.rows() == b
    assert cz.rows(STREAM, MONTH) == b


def test_reads_may_lag_by_setting_through_a_b_a(stand_in: Any, credit: Any) -> None:
    cz, call = stand_in(read_lag_writes=1)
    a, b = [credit(cost="-1.00")], [credit(cost="-2.00")]
    for sent in (a, b, a):
        call.create(sent)
    assert call.rows() == b
    assert cz.rows(STREAM, MONTH) == a


@pytest.mark.parametrize("by", ["setting", "fault"])
def test_reads_may_lag_by_the_clock(stand_in: Any, credit: Any, by: str) -> None:
    settings = {"read_lag": timedelta(seconds=60)} if by == "setting" else {}
    cz, call = stand_in(**settings)
    if by == "fault":
        for operation in ("contents", "list"):
            cz.inject(Fault(operation=operation, kind="lag", seconds=60))
    call.create([credit()])
    assert call.contents().status_code == 404
    assert call.drops().json() == {"billing_drops": []}
    cz.clock.advance(timedelta(seconds=61))
    assert call.rows() == [credit()]
    assert len(call.drops().json()["billing_drops"]) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "delete", "kind": "status"},
        {"operation": "create", "kind": "explode"},
        {"operation": "create", "kind": "lag", "writes": 1},
        {"operation": "contents", "kind": "lag"},
        {"operation": "list", "kind": "wrong_count"},
        {"operation": "validate", "kind": "late_commit", "after_requests": 1},
        {"operation": "create", "kind": "late_commit"},
        {"operation": "create", "kind": "late_commit", "after_requests": 1, "after_seconds": 1},
        {"operation": "create", "kind": "truncate", "commit": True},
        {"operation": "create", "kind": "status", "at": 0},
        {"operation": "create", "kind": "status", "count": 0},
    ],
)
def test_a_fault_that_could_never_happen_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Fault(**fault)
