"""The stand-in as a server and as a tool: log, counters, clock, control paths, stop, start."""

import json
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from credits_pipeline.sandbox.cloudzero import (
    SCOPES,
    CloudZeroStandIn,
    Fault,
    StandInSettings,
)

KEY = "a-key-that-never-shows-9c1e"
STREAM = "1234abcd-1234-abcd-1234-abcd1234efgh"
MONTH = "2026-10"
DROPS = f"/v2/connections/billing/anycost/{STREAM}/billing_drops"


def control(cz: CloudZeroStandIn, method: str, path: str, value: Any = None) -> Any:
    """Call one of the control paths, without a key."""
    answer = httpx.request(method, f"{cz.base_url}/_stand-in{path}", json=value)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_log_says_everything_of_a_request_but_its_key(cz: Any, call: Any, credit: Any) -> None:
    cz.clock.set(datetime(2026, 11, 3, tzinfo=UTC))
    call.create([credit(), credit("000000000002")], operation="sum", key="k", test_key="t")
    record = cz.log[0]
    assert (record.number, record.method, record.path) == (1, "POST", DROPS)
    assert (record.operation, record.connection_id, record.month) == ("create", STREAM, MONTH)
    assert (record.drop_operation, record.rows, record.status) == ("sum", 2, 200)
    assert (record.idempotency_key, record.test_key) == ("k", "t")
    assert (record.has_authorization, record.committed, record.replayed) == (True, True, False)
    assert record.outcome == "answered"
    assert record.bytes > 400
    assert record.at.date().isoformat() == "2026-11-03"
    call.contents(test_key="t")
    call.costs(group_by="Account")
    call.http.get("/nothing")
    assert [(r.operation, r.month, r.rows, r.status) for r in cz.log[1:]] == [
        ("contents", MONTH, 2, 200),
        ("costs", None, 0, 200),
        ("unknown", None, None, 404),
    ]
    assert KEY not in repr(cz.log)
    assert KEY not in json.dumps([record.as_json() for record in cz.log])
    assert KEY not in repr(cz._world)
    assert KEY not in json.dumps(control(cz, "GET", "/log"))


def test_counters_add_up_what_the_log_has(cz: Any, call: Any, credit: Any) -> None:
    sent = [call.create([credit()], key=key).request.content for key in ("a", "b", "a")]
    call.rows()
    counters = cz.counters
    assert counters.requests == 4
    assert counters.by_operation == {"create": 3, "contents": 1}
    assert counters.bytes_received == sum(map(len, sent))
    assert counters.commits == 2
    assert (counters.idempotency_keys, counters.idempotency_keys_reused) == (2, 1)
    assert counters.replays == 1
    assert (counters.in_flight, counters.max_in_flight) == ({}, {STREAM: 1})
    assert counters.connections == 1
    assert cz.max_in_flight("never-called") == 0
    cz.reset()
    assert cz.counters.requests == cz.counters.bytes_received == cz.counters.commits == 0
    assert cz.rows(STREAM, MONTH) == []


def test_one_request_after_the_other_is_never_taken_for_two_at_once(
    cz: Any, call: Any, credit: Any
) -> None:
    for _ in range(50):
        # A connection for each, so that only the answer tells the client to continue.
        assert call.create([credit()], headers={"Connection": "close"}).status_code == 200
        assert call.contents(headers={"Connection": "close"}).status_code == 200
    assert cz.counters.connections == 100
    assert cz.max_in_flight(STREAM) == 1


def test_many_streams_at_once_do_not_mix(credit: Any) -> None:
    streams = [f"stream-{number}" for number in range(6)]
    with CloudZeroStandIn(keys={KEY: SCOPES}, connections=streams) as cz:

        def feed(stream: str) -> None:
            drops = f"/v2/connections/billing/anycost/{stream}/billing_drops"
            with httpx.Client(base_url=cz.base_url, headers={"Authorization": KEY}) as http:
                for month in ("2026-09", MONTH):
                    for hour in range(10):
                        rows = [credit(stream, f"-{hour}.5", hour=hour, month=month)] * 20
                        body = {"month": month, "operation": "replace_hourly", "data": rows}
                        assert http.post(drops, json=body).status_code == 200

        with ThreadPoolExecutor(len(streams)) as pool:
            list(pool.map(feed, streams))
        for stream in streams:
            for month in ("2026-09", MONTH):
                rows = cz.rows(stream, month)
                assert {row["resource/account"] for row in rows} == {stream}
                assert len(rows) == 200
            assert cz.max_in_flight(stream) == 1
        assert (cz.counters.commits, cz.counters.crashes) == (120, 0)


def test_answers_in_another_spelling_mean_the_same(stand_in: Any, credit: Any) -> None:
    _, call = stand_in(
        answer_month="datetime",
        contents_form="rewritten",
        hide_zero_rows=True,
        row_count_means="sent",
    )
    rows = [credit("000000000001", "-6407.960"), credit("000000000002", "0.00"),
            credit("000000000003", "-123456789012345678901234567890.10")]  # fmt: skip
    assert call.create(rows).json()["connection"]["month"] == "2026-10-01T00:00:00Z"
    assert call.create([credit(hour=3)], operation="sum").json()["connection"]["row_count"] == 1
    answered = call.rows()
    assert [row["resource/account"] for row in answered] == [
        "000000000001",
        "000000000003",
        "000000000001",
    ]
    assert [row["cost/cost"] for row in answered] == [
        "-5",
        "-123456789012345678901234567890.1",
        "-6407.96",
    ]
    assert answered[0]["time/usage_start"] == "2026-10-01T03:00:00+00:00"
    assert answered[0]["resource/region"] == ""
    assert Decimal(answered[2]["cost/cost"]) == Decimal(rows[0]["cost/cost"])


def test_rows_after_sum_count_as_stored_unless_it_is_set(call: Any, credit: Any) -> None:
    call.create([credit()])
    assert call.create([credit()], operation="sum").json()["connection"]["row_count"] == 2


def test_gzip_is_refused_unless_it_is_set(stand_in: Any, credit: Any) -> None:
    import gzip

    body = json.dumps({"month": MONTH, "data": [credit(lineitem__description="x" * 5_000)]})
    packed = {"content": gzip.compress(body.encode()), "headers": {"Content-Encoding": "gzip"}}
    _, call = stand_in()
    assert call.post(DROPS, **packed).status_code == 400
    cz, call = stand_in(accept_gzip=True, max_body_bytes=len(body))
    assert call.post(DROPS, **packed).status_code == 200
    cz.settings = StandInSettings(accept_gzip=True, max_body_bytes=len(body) - 1)
    assert call.post(DROPS, **packed).status_code == 413
    assert call.post(DROPS, content=b"{}", headers=packed["headers"]).status_code == 400


def test_a_stream_is_seeded_as_another_feeder_would_have_left_it(
    cz: Any, call: Any, credit: Any
) -> None:
    cz.seed(STREAM, MONTH, [credit("000000000007")])
    assert call.rows() == cz.rows(STREAM, MONTH) == [credit("000000000007")]
    assert cz.months(STREAM) == [MONTH]
    with pytest.raises(ValueError, match="is not a month"):
        cz.seed(STREAM, "2026-1", [])
    with pytest.raises(ValueError, match="row 1"):
        cz.seed(STREAM, MONTH, [credit(cost="five")])
    with pytest.raises(ValueError, match="bill"):
        cz.bill(MONTH, "000000000001", 1, line_item_type="AWS credit")


def test_the_control_paths_show_and_set_the_state(cz: Any, call: Any, credit: Any) -> None:
    assert "PUT /_stand-in/months/CONNECTION/YYYY-MM" in control(cz, "GET", "/")["calls"]
    control(cz, "PUT", f"/months/{STREAM}/{MONTH}", {"rows": [credit()]})
    assert cz.rows(STREAM, MONTH) == [credit()]
    shown = control(cz, "GET", f"/months/{STREAM}/{MONTH}")
    assert (shown["exists"], shown["row_count"], shown["rows"]) == (True, 1, [credit()])
    [month] = control(cz, "GET", "/months")["months"]
    assert (month["connection_id"], month["month"], month["row_count"]) == (STREAM, MONTH, 1)
    control(cz, "DELETE", f"/months/{STREAM}/{MONTH}")
    assert call.contents().status_code == 404
    assert control(cz, "GET", f"/months/{STREAM}/{MONTH}")["exists"] is False

    line = {"month": MONTH, "account": "000000000001", "cost": "3.50"}
    assert control(cz, "POST", "/bill", [line, line | {"line_item_type": "Credit"}])["added"] == 2
    assert len(control(cz, "GET", "/bill")["bill"]) == 2
    assert call.costs(cost_type="billed_cost").json()["costs"][0]["cost"] == 7.0

    assert (
        control(cz, "PATCH", "/settings", {"read_lag": 60, "concurrent_status": 429})["read_lag"]
        == 60
    )
    assert cz.settings == StandInSettings(read_lag=timedelta(seconds=60), concurrent_status=429)
    assert control(cz, "GET", "/settings")["concurrent_status"] == 429

    assert [r["operation"] for r in control(cz, "GET", "/log")["requests"]] == ["contents", "costs"]
    assert len(control(cz, "GET", "/log?operation=costs")["requests"]) == 1
    assert len(control(cz, "GET", "/log?after=1")["requests"]) == 1
    counters = control(cz, "GET", "/counters")
    assert (counters["requests"], counters["costs_calls_today"]) == (2, 1)
    control(cz, "POST", "/reset")
    assert control(cz, "GET", "/counters")["requests"] == 0
    assert control(cz, "GET", "/bill")["bill"] == []


def test_faults_are_injected_over_http(cz: Any, call: Any, credit: Any) -> None:
    fault = {
        "operation": "create", "kind": "status", "status": 429, "retry_after": "2", "count": 1,
        "headers": {"X-Why": "test"},
    }  # fmt: skip
    assert control(cz, "POST", "/faults", fault)["faults"] == [fault]
    answer = call.create([credit()])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.headers["x-why"] == "test"
    several = [
        {"operation": "list", "kind": "reset"},
        {"operation": "list", "kind": "delay", "seconds": 1},
    ]
    assert len(control(cz, "POST", "/faults", several)["faults"]) == 3
    assert control(cz, "DELETE", "/faults")["faults"] == []
    assert call.drops().status_code == 200


def test_the_clock_is_moved_over_http(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="create", at=1, kind="late_commit", after_seconds=60))
    with pytest.raises(httpx.ReadError):
        call.create([credit()])
    before = datetime.fromisoformat(control(cz, "GET", "/clock")["now"])
    after = datetime.fromisoformat(control(cz, "POST", "/clock", {"advance_seconds": 90})["now"])
    assert timedelta(seconds=90) <= after - before < timedelta(seconds=100)
    assert cz.rows(STREAM, MONTH) == [credit()]
    moved = control(cz, "POST", "/clock", {"now": "2030-01-01T00:00:00Z"})
    assert moved["now"].startswith("2030-01-01T00:00:0")
    assert cz.clock.now().year == 2030


@pytest.mark.parametrize(
    ("method", "path", "value"),
    [
        ("POST", "/faults", {"operation": "create"}),
        ("POST", "/faults", {"operation": "create", "kind": "status", "status": "500"}),
        ("POST", "/faults", {"operation": "create", "kind": "status", "colour": "red"}),
        ("POST", "/faults", {"operation": "create", "kind": "status", "when": "always"}),
        ("POST", "/faults", {"operation": "create", "kind": "status", "headers": 5}),
        ("POST", "/faults", 5),
        ("POST", "/clock", {}),
        ("POST", "/clock", 5),
        ("POST", "/clock", {"now": "noon"}),
        ("POST", "/clock", {"advance_seconds": 1e300}),
        ("PATCH", "/settings", {"max_body_bytes": "5"}),
        ("PATCH", "/settings", {"max_body_bytes": True}),
        ("PATCH", "/settings", {"concurrency": "maybe"}),
        ("PATCH", "/settings", {"colour": "red"}),
        ("PATCH", "/settings", [1]),
        ("POST", "/bill", {"month": MONTH}),
        ("POST", "/bill", {"month": MONTH, "account": 5, "cost": 1}),
        ("POST", "/bill", {"month": "then", "account": "5", "cost": "x"}),
        ("PUT", f"/months/{STREAM}/{MONTH}", {}),
        ("PUT", f"/months/{STREAM}/{MONTH}", {"rows": [{}]}),
        ("PUT", "/months/no-such-stream/2026-10", {"rows": []}),
        ("POST", f"/months/{STREAM}/{MONTH}", {}),
        ("GET", "/log?after=x", None),
    ],
)
def test_an_invalid_control_call_gets_a_reason(cz: Any, method: str, path: str, value: Any) -> None:
    before = cz.settings
    answer = httpx.request(method, f"{cz.base_url}/_stand-in{path}", json=value)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert cz.settings == before
    assert control(cz, "GET", "/faults")["faults"] == []
    unknown = httpx.get(f"{cz.base_url}/_stand-in/nothing")
    assert unknown.status_code == 404


def test_a_path_of_another_method_is_not_a_path_of_none(call: Any) -> None:
    assert call.http.delete(f"{DROPS}/{MONTH}").status_code == 405
    assert call.http.patch(DROPS).status_code == 405
    assert call.http.get("/v2/nothing").status_code == 404
    assert call.http.head(f"{DROPS}/{MONTH}").status_code == 405
    assert call.drops().status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST " + DROPS.encode() + b" HTTP/1.1\r\nTransfer-Encoding: deflate\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nAuthorization: \xff\xfe\r\n\r\n",
        b"GET /v2/billing/costs?start_date=%ff&filters=%00 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_a_request_harms_nothing(cz: Any, call: Any, sent: bytes) -> None:
    port = int(cz.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        answered = b""
        while piece := raw.recv(65_536):
            answered += piece
    assert b" 200 " not in answered.split(b"\r\n")[0]
    assert cz.rows(STREAM, MONTH) == []
    assert call.drops().status_code == 200
    assert cz.counters.crashes == 0
    cz.wait_until(lambda _: cz.counters.in_flight == {})


def test_a_body_in_chunks_is_one_body(cz: Any, call: Any, credit: Any) -> None:
    body = json.dumps({"month": MONTH, "data": [credit()]}).encode()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    assert call.post(DROPS, content=pieces).status_code == 200
    assert call.drops().status_code == 200
    assert cz.log[0].bytes == len(body)
    assert cz.counters.connections == 1


def test_only_this_machine_can_reach_it(cz: Any) -> None:
    assert cz.base_url.startswith("http://127.0.0.1:")
    assert cz._server is not None
    assert cz._server.socket.getsockname()[0] == "127.0.0.1"


def test_the_state_outlives_a_stop_and_the_port_stays(credit: Any) -> None:
    cz = CloudZeroStandIn(keys={KEY: SCOPES}, connections=[STREAM])
    with pytest.raises(RuntimeError, match="start it"):
        _ = cz.base_url
    with cz:
        address = cz.base_url
        cz.start()
        cz.seed(STREAM, MONTH, [credit()])
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    cz.stop()
    with cz:
        assert cz.base_url == address
        answer = httpx.get(f"{address}{DROPS}/{MONTH}", headers={"Authorization": KEY})
        assert answer.json()["billing_drop"] == [credit()]


def test_the_state_outlives_the_object_in_a_file(tmp_path: Path, credit: Any) -> None:
    def make() -> CloudZeroStandIn:
        return CloudZeroStandIn(
            keys={KEY: SCOPES}, connections=[STREAM], state_file=tmp_path / "kept" / "state.json"
        )

    body = {"month": MONTH, "data": [credit()]}
    headers = {"Authorization": KEY, "cloudzero-idempotency-key": "k"}
    with make() as cz:
        cz.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
        first = httpx.post(cz.base_url + DROPS, json=body, headers=headers)
        cz.bill(MONTH, "000000000001", "3.50")
        drops = httpx.get(cz.base_url + DROPS, headers={"Authorization": KEY}).json()
    with make() as cz:
        assert cz.rows(STREAM, MONTH) == [credit()]
        assert cz.clock.now().year == 2030
        again = httpx.post(cz.base_url + DROPS, json=body, headers=headers)
        assert again.content == first.content
        assert cz.log[0].replayed
        assert httpx.get(cz.base_url + DROPS, headers={"Authorization": KEY}).json() == drops
        asked = {"start_date": "2026-10-01", "cost_type": "billed_cost"}
        costs = httpx.get(
            f"{cz.base_url}/v2/billing/costs", params=asked, headers={"Authorization": KEY}
        )
        assert [line["cost"] for line in costs.json()["costs"]] == [3.5]
    (tmp_path / "kept" / "state.json").write_text("[]")
    with pytest.raises(ValueError, match="not a state"):
        make().start()


def test_a_stop_ends_what_waits_and_commits_nothing(credit: Any) -> None:
    cz = CloudZeroStandIn(keys={KEY: SCOPES}, connections=[STREAM]).start()
    cz.inject(Fault(operation="create", kind="delay", seconds=60))
    failures: list[Exception] = []

    def send() -> None:
        try:
            httpx.post(
                cz.base_url + DROPS,
                json={"month": MONTH, "data": [credit()]},
                headers={"Authorization": KEY},
                timeout=120,
            )
        except httpx.TransportError as error:
            failures.append(error)

    waiting = threading.Thread(target=send)
    waiting.start()
    idle = httpx.Client(base_url=cz.base_url, headers={"Authorization": KEY})
    assert idle.get("/v2/connections/billing/none").status_code == 404
    cz.wait_until(lambda _: any(record.faults for record in cz.log))
    began = time.monotonic()
    cz.stop()
    assert time.monotonic() - began < 30
    waiting.join()
    idle.close()
    assert len(failures) == 1
    assert cz.rows(STREAM, MONTH) == []
    assert not [thread for thread in threading.enumerate() if "stand-in" in thread.name]


def test_waiting_for_what_does_not_happen_fails(cz: Any) -> None:
    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        cz.wait_until(lambda _: False, seconds=0.01)


def test_loading_the_stand_in_loads_nothing_heavy() -> None:
    script = "import sys, credits_pipeline.sandbox.cloudzero; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"moto", "dagster", "boto3", "polars", "pandera", "httpx", "rich"}
    assert not {name for name in loaded if name.startswith("credits_pipeline.credits.cloudzero")}


def test_a_month_of_seventy_megabytes_is_taken_in_seconds(cz: Any, call: Any, credit: Any) -> None:
    bodies = []
    for hour in range(16):
        rows = [credit(f"{hour * 17_500 + n:012d}", f"-{n}.25", hour=hour) for n in range(17_500)]
        operation = "replace_hourly" if hour else "replace_drop"
        body = {"month": MONTH, "operation": operation, "data": rows}
        bodies.append(json.dumps(body, separators=(",", ":")).encode())
    assert 60_000_000 < sum(map(len, bodies)) < 70_000_000
    assert max(map(len, bodies)) < 4_500_000
    # The stand-in is in this process: this is its own time, whatever else the machine does.
    began = time.process_time()
    for body in bodies:
        assert call.post(DROPS, content=body).status_code == 200
    contents = call.contents()
    took = time.process_time() - began
    assert contents.content.count(b'"cost/cost"') == 280_000
    assert took < 15
