"""The conformance table: the statements of CloudZero's contract, each tested on the stand-in.

Each case has a mark: D is documented by CloudZero, O was observed in code that ran against the live
API, I is inferred. `docs/stand-in.md` has the same table. Everything goes over HTTP, without the
product's client.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import httpx
import pytest

from credits_pipeline.sandbox.cloudzero import (
    SCOPE_OF,
    SCOPES,
    CloudZeroStandIn,
    Fault,
    StandInSettings,
)
from credits_pipeline.sandbox.cloudzero.faults import FaultKind

#: The cases of the contract's section 8, with their marks.
CASES = {
    1: "D", 2: "O", 3: "D", 4: "I", 5: "D", 6: "I", 7: "D/I", 8: "D", 9: "I", 10: "D", 11: "D",
    12: "D", 13: "D", 14: "D", 15: "D", 16: "I", 17: "D", 18: "D", 19: "D", 20: "D", 21: "I",
    22: "O", 23: "O", 24: "O/I", 25: "I", 26: "D/I", 27: "D", 28: "D/I", 29: "D/I", 30: "D",
    31: "D", 32: "D", 33: "I", 34: "I", 35: "I", 36: "D", 37: "D",
}  # fmt: skip

KEY = "a-key-that-never-shows-9c1e"
STREAM = "1234abcd-1234-abcd-1234-abcd1234efgh"
MONTH = "2026-10"
DROPS = f"/v2/connections/billing/anycost/{STREAM}/billing_drops"

_Test = TypeVar("_Test", bound=Callable[..., None])


def case(number: int, mark: str) -> Callable[[_Test], _Test]:
    """Name the case of a test."""

    def named(test: _Test) -> _Test:
        test.case = (number, mark)  # type: ignore[attr-defined]
        return test

    return named


def test_every_case_is_tested_under_its_mark() -> None:
    tested: dict[int, set[str]] = {}
    for test in globals().values():
        if number_and_mark := getattr(test, "case", None):
            number, mark = number_and_mark
            tested.setdefault(number, set()).add(mark)
    assert tested == {number: {mark} for number, mark in CASES.items()}


def test_the_table_in_the_docs_is_this_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "stand-in.md"
    rows = re.findall(r"^\| (\d+) \| ([DOI/]+) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(number): mark for number, mark in rows} == CASES
    assert len(rows) == len(CASES)


def test_the_docs_name_every_setting_and_every_kind_of_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "stand-in.md").read_text(encoding="utf-8")
    settings, faults = page.split("## Settings")[1].split("## The clock")[0].split("## Faults")
    named = re.findall(r"^\| `(\w+)` \|", settings, re.MULTILINE)
    assert named == [field.name for field in fields(StandInSettings)]
    kinds = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", faults, re.MULTILINE)))
    assert kinds == list(get_args(FaultKind))


@case(1, "D")
def test_one_valid_row_is_taken_and_counted(call: Any, credit: Any) -> None:
    answer = call.create([credit()])
    assert answer.status_code == 200
    connection = answer.json()["connection"]
    assert connection["month"] == MONTH
    assert connection["row_count"] == 1
    assert connection["drop_id"]
    assert call.drops().json() == {"billing_drops": [connection]}


@case(2, "O")
@pytest.mark.parametrize(
    "month",
    ["2026-10-01T00:00:00Z", "2026-10-31T23:59:59+00:00", "2026-10-15T12:00:00.5", "2026-10"],
)
def test_a_month_may_be_a_datetime_within_it(call: Any, credit: Any, month: str) -> None:
    assert call.create([credit()], month=month).json()["connection"]["month"] == MONTH
    assert len(call.rows()) == 1


@case(3, "D")
def test_without_an_operation_the_drop_is_replaced(call: Any, credit: Any) -> None:
    call.create([credit("000000000001"), credit("000000000002")])
    call.create([credit("000000000003")], operation=None)
    assert [row["resource/account"] for row in call.rows()] == ["000000000003"]


@case(4, "I")
@pytest.mark.parametrize("operation", ["append", "REPLACE_DROP", "", 7, ["sum"]])
def test_an_unknown_operation_is_refused(call: Any, credit: Any, operation: Any) -> None:
    call.create([credit()])
    answer = call.create([credit(), credit()], operation=operation)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert len(call.rows()) == 1


@case(4, "I")
def test_an_unknown_operation_is_a_replacement_by_setting(stand_in: Any, credit: Any) -> None:
    cz, call = stand_in(unknown_operation="replace_drop")
    assert call.create([credit()], operation="append").status_code == 200
    assert len(cz.rows(STREAM, MONTH)) == 1


@case(5, "D")
@pytest.mark.parametrize(
    "body", [{"month": MONTH}, {"month": MONTH, "data": None}, {"data": {}}, [], "x", 1, None]
)
def test_without_data_a_drop_is_refused(call: Any, body: Any) -> None:
    for path in (DROPS, DROPS.replace(f"{STREAM}/billing_drops", "validate_billing_drop")):
        answer = call.post(path, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"]


@case(5, "D")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"data": NaN}', b"[" * 200_000, b'{"data":[' + b"9" * 5_000 + b"]}"],
)
def test_what_is_not_json_is_refused(call: Any, body: bytes) -> None:
    answer = call.post(DROPS, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@case(6, "I")
@pytest.mark.parametrize(
    "month",
    ["2026-13", "2026-00", "2026-1", "26-10", "October", "", 202610, "2026-10-01", "0000-10",
     "2026-10-32T00:00:00Z", "2026-10-01T25:00:00Z"],
)  # fmt: skip
def test_what_is_not_a_month_is_refused(call: Any, credit: Any, month: Any) -> None:
    assert call.create([credit()], month=month).status_code == 400
    assert call.drops().json() == {"billing_drops": []}


@case(6, "I")
def test_without_a_month_it_is_that_of_the_first_row(stand_in: Any, credit: Any) -> None:
    _, call = stand_in()
    assert call.create([credit()], month=None).json()["connection"]["month"] == MONTH
    assert call.create([], month=None).status_code == 400
    assert call.create([credit(time__usage_start="?")], month=None).status_code == 400
    _, strict = stand_in(month_from_rows=False)
    assert strict.create([credit()], month=None).status_code == 400


@case(7, "D/I")
@pytest.mark.parametrize("authorization", [None, "", "someone-else", f"Bearer {KEY}", KEY.upper()])
def test_without_the_raw_key_everything_is_forbidden(
    cz: Any, credit: Any, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    with httpx.Client(base_url=cz.base_url, headers=headers) as http:
        answers = [
            http.post(DROPS, json={"month": MONTH, "data": [credit()]}),
            http.post(
                "/v2/connections/billing/anycost/validate_billing_drop", json={"data": [credit()]}
            ),
            http.get(DROPS),
            http.get(f"{DROPS}/{MONTH}"),
            http.get("/v2/billing/costs", params={"start_date": "2026-10-01"}),
            http.get(f"/v2/connections/billing/{STREAM}"),
        ]
    assert {answer.status_code for answer in answers} == {403}
    assert all(set(answer.json()) == {"message"} for answer in answers)
    assert all(KEY not in answer.text for answer in answers)
    assert cz.rows(STREAM, MONTH) == []


@case(8, "D")
def test_scopes_are_granted_one_by_one(cz: Any, call: Any, credit: Any) -> None:
    calls = {
        "create": lambda: call.create([credit()]),
        "validate": lambda: call.validate([credit()]),
        "list": call.drops,
        "contents": call.contents,
        "costs": call.costs,
        "connection": call.connection,
    }
    call.create([credit()])
    for missing in calls:
        cz.keys[KEY] = SCOPES - {SCOPE_OF[missing]}
        statuses = {operation: ask().status_code for operation, ask in calls.items()}
        assert statuses == dict.fromkeys(calls, 200) | {missing: 403}
    cz.keys[KEY] = frozenset()
    assert {ask().status_code for ask in calls.values()} == {403}


@case(9, "I")
@pytest.mark.parametrize("status", [400, 403])
def test_an_unknown_connection_is_never_a_success(stand_in: Any, credit: Any, status: int) -> None:
    _, call = stand_in(unknown_connection_status=status)
    unknown = call.on("no-such-stream")
    answers = [unknown.create([credit()]), unknown.drops(), unknown.contents()]
    assert {answer.status_code for answer in answers} == {status}
    form = {400: "error", 403: "message"}[status]
    assert all(form in answer.json() for answer in answers)
    assert unknown.connection().status_code == 404


def _padded(credit: Any, size: int) -> bytes:
    """A body of exactly this many bytes."""
    empty = httpx.Request(
        "POST", "http://x", json={"month": MONTH, "data": [credit(lineitem__description="")]}
    ).content
    row = credit(lineitem__description="x" * (size - len(empty)))
    body = httpx.Request("POST", "http://x", json={"month": MONTH, "data": [row]}).content
    assert len(body) == size
    return body


@case(10, "D")
@pytest.mark.parametrize("limit", [5_000_000, 5_242_880, 2_000])
def test_a_body_may_be_as_large_as_the_limit_and_no_larger(
    stand_in: Any, credit: Any, limit: int
) -> None:
    cz, call = stand_in(max_body_bytes=limit)
    assert call.post(DROPS, content=_padded(credit, limit)).status_code == 200
    assert len(cz.rows(STREAM, MONTH)[0]["lineitem/description"]) > limit - 1_000
    answer = call.post(DROPS, content=_padded(credit, limit + 1))
    assert answer.status_code == 413
    assert set(answer.json()) == {"message"}
    assert call.post(DROPS, content=_padded(credit, 1_500)).status_code == 200


@case(10, "D")
def test_the_limit_is_five_million_bytes_unless_it_is_set() -> None:
    assert StandInSettings().max_body_bytes == 5_000_000


@case(11, "D")
def test_validate_has_the_same_limit(stand_in: Any, credit: Any) -> None:
    _, call = stand_in(max_body_bytes=2_000)
    path = "/v2/connections/billing/anycost/validate_billing_drop"
    assert call.post(path, content=_padded(credit, 2_000)).json()["connection"]["is_valid"]
    answer = call.post(path, content=_padded(credit, 2_001))
    assert (answer.status_code, set(answer.json())) == (413, {"message"})


@case(12, "D")
def test_a_replaced_drop_holds_the_last_one(call: Any, credit: Any) -> None:
    a, b = [credit("000000000001", "-1.00")], [credit("000000000002", "-2.00", hour=7)]
    call.create(a)
    assert call.create(b).json()["connection"]["row_count"] == 1
    assert call.rows() == b
    call.create(a)
    assert call.rows() == a


@case(13, "D")
def test_a_repeated_sum_counts_twice(call: Any, credit: Any) -> None:
    rows = [credit("000000000001"), credit("000000000002")]
    call.create(rows, operation="sum")
    call.create(rows, operation="sum")
    assert sorted(row["resource/account"] for row in call.rows()) == [
        "000000000001",
        "000000000001",
        "000000000002",
        "000000000002",
    ]


@case(14, "D")
def test_replace_hourly_replaces_only_the_hours_that_it_brings(call: Any, credit: Any) -> None:
    call.create([credit(hour=4), credit("000000000002", hour=5), credit("000000000003", hour=5)])
    late_in_the_hour = credit("000000000004", time__usage_start="2026-10-01T05:59:59Z")
    call.create([late_in_the_hour, credit(hour=6)], operation="replace_hourly")
    assert sorted((row["time/usage_start"], row["resource/account"]) for row in call.rows()) == [
        ("2026-10-01T04:00:00Z", "000000000001"),
        ("2026-10-01T05:59:59Z", "000000000004"),
        ("2026-10-01T06:00:00Z", "000000000001"),
    ]


@case(14, "D")
def test_bodies_of_an_hour_each_may_be_repeated_in_any_way(call: Any, credit: Any) -> None:
    first = [credit(hour=0), credit("000000000002", hour=0)]
    second = [credit("000000000003", hour=1)]
    call.create(first)
    for _ in range(2):
        call.create(second, operation="replace_hourly")
    call.create(first, operation="replace_hourly")
    assert sorted(row["resource/account"] for row in call.rows()) == [
        "000000000001",
        "000000000002",
        "000000000003",
    ]


@case(15, "D")
def test_other_months_and_other_connections_are_left_alone(call: Any, credit: Any) -> None:
    september = [credit(month="2026-09")]
    call.create(september, month="2026-09")
    call.on("another-stream").create([credit("000000000009")])
    call.create([credit()])
    call.create([])
    assert call.rows("2026-09") == september
    assert call.on("another-stream").rows() == [credit("000000000009")]
    assert call.rows() == []


@case(16, "I")
@pytest.mark.parametrize(
    ("empty_data", "status", "rows_left"),
    [("clear", 200, 0), ("refuse", 400, 1), ("ignore", 200, 1)],
)
def test_a_drop_without_rows_empties_the_month(
    stand_in: Any, credit: Any, empty_data: str, status: int, rows_left: int
) -> None:
    cz, call = stand_in(empty_data=empty_data)
    call.create([credit()])
    assert call.create([]).status_code == status
    assert len(cz.rows(STREAM, MONTH)) == rows_left
    assert len(call.rows()) == rows_left


@case(16, "I")
def test_an_emptied_month_is_not_found_by_setting(stand_in: Any, credit: Any) -> None:
    _, call = stand_in(empty_month_status=404)
    call.create([credit()])
    call.create([])
    assert call.contents().status_code == 404
    assert call.drops().json() == {"billing_drops": []}


@case(17, "D")
def test_of_two_chunks_that_both_replace_only_the_last_is_left(call: Any, credit: Any) -> None:
    for account in ("000000000001", "000000000002"):
        call.create([credit(account)], operation="replace_drop")
    assert [row["resource/account"] for row in call.rows()] == ["000000000002"]


@case(18, "D")
def test_a_reused_key_replays_the_answer_byte_by_byte(cz: Any, call: Any, credit: Any) -> None:
    first = call.create([credit()], operation="sum", key="k")
    again = call.create([credit()], operation="sum", key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(cz.rows(STREAM, MONTH)) == 1
    assert [record.replayed for record in cz.log] == [False, True]


@case(19, "D")
def test_a_reused_key_swallows_another_month_and_a_corrected_body(
    cz: Any, call: Any, credit: Any
) -> None:
    first = call.create([credit()], key="k")
    other_month = call.create([credit(month="2026-11")], month="2026-11", key="k")
    corrected = call.create([credit(cost="-6.00")], key="k")
    assert first.content == other_month.content == corrected.content
    assert cz.rows(STREAM, "2026-11") == []
    assert cz.rows(STREAM, MONTH) == [credit()]


@case(19, "D")
def test_a_key_covers_method_and_path_only(cz: Any, call: Any, credit: Any) -> None:
    call.create([credit()], key="k")
    assert call.drops(key="k").json()["billing_drops"]
    assert call.contents(key="k").json()["billing_drop"]
    assert call.validate([credit(cost="x")], key="k").json()["connection"]["is_valid"] is False
    assert call.validate([credit()], key="k").json()["connection"]["is_valid"] is False
    assert call.on("another-stream").create([credit()], key="k").status_code == 200
    call.create([credit("000000000002")])
    assert len(call.contents(key="k").json()["billing_drop"]) == 1
    assert call.contents(key="k").json()["billing_drop"] == [credit()]
    assert cz.counters.idempotency_keys == 5
    assert cz.counters.idempotency_keys_reused == 3


@case(19, "D")
def test_a_key_made_of_the_content_swallows_the_way_back(cz: Any, call: Any, credit: Any) -> None:
    a, b = [credit(cost="-1.00")], [credit(cost="-2.00")]
    for rows, key in ((a, "hash of a"), (b, "hash of b"), (a, "hash of a")):
        assert call.create(rows, key=key).status_code == 200
    assert cz.rows(STREAM, MONTH) == b


@case(20, "D")
def test_a_failure_under_a_key_is_replayed_for_ever(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="create", at=1, kind="status", status=500))
    failed = call.create([credit()], key="k")
    assert failed.status_code == 500
    cz.clock.advance(timedelta(days=3_650))
    again = call.create([credit()], key="k")
    assert (again.status_code, again.content) == (500, failed.content)
    assert cz.rows(STREAM, MONTH) == []
    assert call.create([credit()], key="another").status_code == 200
    assert cz.rows(STREAM, MONTH) == [credit()]


@case(20, "D")
@pytest.mark.parametrize("first_refused", ["forbidden", "too large", "bad row"])
def test_every_first_answer_is_replayed(stand_in: Any, credit: Any, first_refused: str) -> None:
    cz, call = stand_in(max_body_bytes=2_000)
    options: dict[str, Any] = {"forbidden": {"headers": {"Authorization": "no"}}}.get(
        first_refused, {}
    )
    row = {"too large": credit(lineitem__description="x" * 3_000), "bad row": {}}.get(
        first_refused, credit()
    )
    first = call.create([row], key="k", **options)
    assert first.status_code == {"forbidden": 403, "too large": 413, "bad row": 400}[first_refused]
    assert call.create([credit()], key="k").content == first.content
    assert cz.rows(STREAM, MONTH) == []


@case(20, "D")
def test_what_a_key_covers_can_be_set(stand_in: Any, credit: Any) -> None:
    cz, call = stand_in(idempotency_first=False, idempotency_life=timedelta(hours=1))
    assert call.create([credit()], key="k", headers={"Authorization": "no"}).status_code == 403
    assert call.create([credit()], key="k").status_code == 200
    assert call.create([credit(cost="-6.00")], key="k").status_code == 200
    assert cz.rows(STREAM, MONTH) == [credit()]
    cz.clock.advance(timedelta(minutes=61))
    call.create([credit(cost="-6.00")], key="k")
    assert cz.rows(STREAM, MONTH) == [credit(cost="-6.00")]


@case(21, "I")
def test_a_reset_after_the_commit_leaves_the_rows(cz: Any, call: Any, credit: Any) -> None:
    cz.inject(Fault(operation="create", at=1, kind="reset", commit=True))
    with pytest.raises(httpx.TransportError):
        call.create([credit()])
    assert cz.rows(STREAM, MONTH) == [credit()]
    assert call.rows() == [credit()]


@case(22, "O")
@pytest.mark.parametrize("text", ["AWS Credits", "credit", "CREDIT", "", " Credit"])
def test_free_text_is_not_a_line_item_type(
    cz: Any, stand_in: Any, call: Any, credit: Any, text: str
) -> None:
    answer = call.create([credit(lineitem__type=text)])
    assert answer.status_code == 400
    assert "lineitem/type" in answer.json()["error"]["message"]
    assert cz.rows(STREAM, MONTH) == []
    _, lenient = stand_in(free_text_types=True)
    assert lenient.create([credit(lineitem__type=text)]).status_code == 200


@case(22, "O")
@pytest.mark.parametrize(
    "text",
    ["Usage", "Tax", "Support", "Purchase", "CommittedUsePurchase", "CommittedUseVacancy",
     "CommittedUseRecurringFee", "Discount", "Credit", "Fee", "Adjustment", None],
)  # fmt: skip
def test_the_documented_line_item_types_are_taken(call: Any, credit: Any, text: str | None) -> None:
    assert call.create([credit(lineitem__type=text)]).status_code == 200


@case(23, "O")
@pytest.mark.parametrize("cost", ["-6407.96", "-0.00", "0", "12", "-116319.270000000001"])
def test_a_cost_keeps_its_sign_and_its_digits(call: Any, credit: Any, cost: str) -> None:
    assert call.create([credit(cost=cost)]).status_code == 200
    assert [row["cost/cost"] for row in call.rows()] == [cost]


@case(24, "O/I")
@pytest.mark.parametrize(
    "cost",
    [5, -5.25, "1E+3", "1e3", "$5", "1,000", "", "NaN", "Infinity", "5.", ".5", "+5", " 5", "5 ",
     "--5", "5-", "(5)", "\u0665", "0x10", "1_000", None, True, [], {}],
)  # fmt: skip
def test_what_is_not_a_plain_decimal_string_is_not_a_cost(
    cz: Any, call: Any, credit: Any, cost: Any
) -> None:
    row = credit() | {"cost/cost": cost}
    answer = call.create([credit("000000000002"), row])
    assert answer.status_code == 400
    assert "row 2" in answer.json()["error"]["message"]
    assert call.validate([row]).json()["connection"]["is_valid"] is False
    assert cz.rows(STREAM, MONTH) == []


@case(24, "O/I")
@pytest.mark.parametrize(
    ("setting", "cost", "held"),
    [
        ("number_costs", -5.25, "-5.25"),
        ("number_costs", 7, "7"),
        ("exponent_costs", "1E+3", "1E+3"),
    ],
)
def test_other_costs_are_taken_by_setting(
    stand_in: Any, credit: Any, setting: str, cost: Any, held: str
) -> None:
    cz, call = stand_in(**{setting: True})
    assert call.create([credit(cost=cost)]).status_code == 200
    assert cz.rows(STREAM, MONTH)[0]["cost/cost"] == held


@case(25, "I")
def test_thirty_digits_come_back_as_they_were(stand_in: Any, call: Any, credit: Any) -> None:
    cost = "-123456789012345678.123456789012"
    call.create([credit(cost=cost)])
    assert call.rows()[0]["cost/cost"] == cost
    _, rounding = stand_in(cost_digits=15)
    rounding.create([credit(cost=cost)])
    assert Decimal(rounding.rows()[0]["cost/cost"]) == Decimal(-123456789012346000)


@case(26, "D/I")
@pytest.mark.parametrize(
    "start",
    ["2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", "2026-10-01", "2026-10-01 00:00:00",
     "2026-10-01T00:00:00", "2026-10-01T00:00:00+00:00", "2026-10-01T00:00:00.000Z",
     "2026-10-32T00:00:00Z", "2026-10-01T24:00:00Z", "2026-10-01T00:00Z", "", None],
)  # fmt: skip
def test_a_row_must_start_at_a_second_of_its_month(
    cz: Any, call: Any, credit: Any, start: str | None
) -> None:
    row = credit(time__usage_start=start)
    answer = call.create([row])
    assert answer.status_code == 400
    assert "time/usage_start" in answer.json()["error"]["message"]
    assert call.validate([row]).json()["connection"]["is_valid"] is False
    assert cz.rows(STREAM, MONTH) == []


@case(26, "D/I")
@pytest.mark.parametrize(
    ("setting", "start", "hour"),
    [
        ("any_iso_times", "2026-10-01T05:00:00+00:00", "05"),
        ("any_iso_times", "2026-10-01T05:00:00+02:00", "03"),
        ("any_iso_times", "2026-10-01T05:00:00.25Z", "05"),
        ("date_only_times", "2026-10-01", "00"),
    ],
)
def test_other_times_are_taken_by_setting_and_put_in_their_utc_hour(
    stand_in: Any, credit: Any, setting: str, start: str, hour: str
) -> None:
    _, call = stand_in(**{setting: True})
    call.create([credit(time__usage_start=start)])
    same_hour = credit("000000000002", time__usage_start=f"2026-10-01T{hour}:30:00Z")
    call.create([same_hour], operation="replace_hourly")
    assert call.rows() == [same_hour]


@case(27, "D")
def test_a_tag_needs_a_resource_id(call: Any, credit: Any) -> None:
    tag = {"resource/tag:Team_1.a:b/c=d+e-f@g": "finance"}
    assert call.create([credit() | tag]).status_code == 400
    assert call.create([credit() | tag | {"resource/id": ""}]).status_code == 400
    tagged = credit() | tag | {"resource/id": "credits/1"}
    assert call.create([tagged]).status_code == 200
    assert call.rows() == [tagged]


@case(27, "D")
@pytest.mark.parametrize(
    "column",
    ["resource/tag:Team Name", "resource/tag:a&b", "resource/tag:", "Cost/Cost", "cost/Cost",
     "resource/Account", "account", "", "bill/invoice_id", "line_item/type"],
)  # fmt: skip
def test_other_columns_are_refused(call: Any, credit: Any, column: str) -> None:
    answer = call.create([credit(resource__id="x") | {column: "1"}])
    assert answer.status_code == 400


@case(27, "D")
def test_the_openapi_file_s_further_columns_are_taken_by_setting(
    stand_in: Any, credit: Any
) -> None:
    _, call = stand_in(column_names="documented")
    row = credit() | {"bill/invoice_id": "1", "k8s/cluster": "c", "action/operation": "o"}
    assert call.create([row]).status_code == 200
    assert call.create([credit() | {"bill/other": "1"}]).status_code == 400


@case(27, "D")
@pytest.mark.parametrize(
    "row", [None, [], "x", 5, {}, {"cost/cost": "1"}, {"time/usage_start": "2026-10-01T00:00:00Z"}]
)
def test_what_is_not_a_row_is_refused(call: Any, credit: Any, row: Any) -> None:
    assert call.create([credit(), row]).status_code == 400
    assert call.drops().json() == {"billing_drops": []}


@case(27, "D")
@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"x": "y"}])
@pytest.mark.parametrize("column", ["resource/account", "lineitem/description", "usage/amount"])
def test_every_value_is_a_string(call: Any, credit: Any, column: str, value: Any) -> None:
    assert call.create([credit() | {column: value}]).status_code == 400


@case(28, "D/I")
@pytest.mark.parametrize("status", [400, 413])
@pytest.mark.parametrize("operation", ["replace_drop", "replace_hourly", "sum"])
def test_a_row_too_many_for_the_month_applies_nothing(
    stand_in: Any, credit: Any, operation: str, status: int
) -> None:
    cz, call = stand_in(max_month_rows=3, over_cap_status=status)
    two = [credit(hour=1), credit(hour=1)]
    assert call.create(two).status_code == 200
    more = [credit(hour=2), credit(hour=2)]
    more += more if operation == "replace_drop" else []
    assert call.create(more, operation=operation).status_code == status
    assert cz.rows(STREAM, MONTH) == two
    assert call.create(more[:1], operation="sum").status_code == 200


@case(28, "D/I")
def test_a_byte_too_many_for_the_month_applies_nothing(stand_in: Any, credit: Any) -> None:
    cz, call = stand_in(max_month_bytes=900)
    assert call.create([credit(), credit(), credit()]).status_code == 200
    answer = call.create([credit(hour=1)], operation="sum")
    assert answer.status_code == 400
    assert "900 bytes" in answer.json()["error"]["message"]
    assert len(cz.rows(STREAM, MONTH)) == 3
    assert call.create([credit()], operation="replace_hourly").status_code == 200


@case(28, "D/I")
def test_the_caps_are_a_million_rows_and_seventy_megabytes() -> None:
    assert StandInSettings().max_month_rows == 1_000_000
    assert StandInSettings().max_month_bytes == 70_000_000


def _held_create(cz: CloudZeroStandIn, call: Any, rows: list[Any]) -> tuple[Any, list[Any]]:
    """A create that is in flight until the faults are cleared, and the place for its answer."""
    answers: list[Any] = []
    cz.inject(Fault(operation="create", at=1, kind="hold"))
    with_connection_of_its_own = httpx.Client(base_url=cz.base_url, headers={"Authorization": KEY})

    def send() -> None:
        with with_connection_of_its_own as http:
            answers.append(http.post(DROPS, json={"month": MONTH, "data": rows}))

    thread = threading.Thread(target=send)
    thread.start()
    cz.wait_until(lambda _: any(record.faults == ("hold",) for record in cz.log))
    return thread, answers


@case(29, "D/I")
@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_second_request_in_flight_on_a_stream_is_refused(
    stand_in: Any, credit: Any, status: int
) -> None:
    cz, call = stand_in(concurrent_status=status)
    thread, answers = _held_create(cz, call, [credit()])
    second = [call.create([credit()], operation="sum"), call.contents(), call.drops()]
    assert {answer.status_code for answer in second} == {status}
    cz.clear_faults()
    thread.join()
    assert answers[0].status_code == 200
    assert cz.rows(STREAM, MONTH) == [credit()]
    assert cz.max_in_flight(STREAM) == 2
    assert call.create([credit()]).status_code == 200


@case(29, "D/I")
def test_two_streams_do_not_wait_for_each_other(cz: Any, call: Any, credit: Any) -> None:
    thread, answers = _held_create(cz, call, [credit()])
    other = call.on("another-stream")
    assert other.create([credit()]).status_code == 200
    assert other.rows() == [credit()]
    assert call.validate([credit()]).status_code == 200
    cz.clear_faults()
    thread.join()
    assert answers[0].status_code == 200
    assert (cz.max_in_flight(STREAM), cz.max_in_flight("another-stream")) == (1, 1)


@case(29, "D/I")
def test_concurrency_is_allowed_by_setting_and_counted_all_the_same(
    stand_in: Any, credit: Any
) -> None:
    cz, call = stand_in(concurrency="allow")
    thread, _ = _held_create(cz, call, [credit()])
    assert call.create([credit()]).status_code == 200
    cz.clear_faults()
    thread.join()
    assert cz.max_in_flight(STREAM) == 2


@case(30, "D")
def test_validate_says_what_is_wrong_and_writes_nothing(cz: Any, call: Any, credit: Any) -> None:
    answer = call.validate([credit(), credit(lineitem__type="x"), credit(cost="$5")])
    assert answer.status_code == 200
    verdict = answer.json()["connection"]
    assert verdict["is_valid"] is False
    assert [error.split(":")[0] for error in verdict["errors"]] == ["row 2", "row 3"]
    assert call.validate([credit()]).json() == {"connection": {"is_valid": True, "errors": []}}
    assert cz.rows(STREAM, MONTH) == []
    assert call.drops().json() == {"billing_drops": []}


@case(30, "D")
def test_a_verdict_may_stand_at_the_top_or_be_a_400(stand_in: Any, credit: Any) -> None:
    _, call = stand_in(validate_envelope="top")
    assert call.validate([{}]).json()["is_valid"] is False
    _, call = stand_in(validate_bad_rows=400)
    assert call.validate([{}]).status_code == 400
    assert call.validate([credit()]).status_code == 200


@case(31, "D")
def test_a_month_that_is_not_there_is_not_found(call: Any, credit: Any) -> None:
    call.create([credit()])
    answer = call.contents("2026-11")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type"}
    assert call.contents("2026-13").status_code == 400


@case(32, "D")
def test_a_test_key_has_a_namespace_of_its_own_for_an_hour(cz: Any, call: Any, credit: Any) -> None:
    call.create([credit()])
    assert call.contents(test_key="rehearsal").status_code == 404
    rehearsed = [credit("000000000002")]
    assert call.create(rehearsed, test_key="rehearsal").status_code == 200
    assert call.rows() == cz.rows(STREAM, MONTH) == [credit()]
    assert call.rows(test_key="rehearsal") == rehearsed
    assert call.contents(test_key="another").status_code == 404
    cz.clock.advance(timedelta(minutes=59))
    assert call.rows(test_key="rehearsal") == rehearsed
    cz.clock.advance(timedelta(minutes=2))
    assert call.contents(test_key="rehearsal").status_code == 404
    assert call.drops(test_key="rehearsal").json() == {"billing_drops": []}
    assert call.rows() == [credit()]
    call.create([credit("000000000003")], operation="sum", test_key="rehearsal")
    assert len(call.rows(test_key="rehearsal")) == 1


@case(33, "I")
@pytest.mark.parametrize("retry_after", ["2", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1", ""])
def test_a_429_says_when_to_come_back_in_whatever_form(
    cz: Any, call: Any, credit: Any, retry_after: str
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="status", status=429, retry_after=retry_after))
    refused = call.create([credit()])
    assert (refused.status_code, refused.headers["retry-after"]) == (429, retry_after)
    assert set(refused.json()["error"]) == {"message", "type"}
    assert cz.rows(STREAM, MONTH) == []
    assert call.create([credit()]).status_code == 200


@case(33, "I")
def test_a_429_may_name_a_date_to_come(cz: Any, call: Any) -> None:
    cz.inject(Fault(operation="list", kind="status", status=429, retry_after_date=30))
    until = parsedate_to_datetime(call.drops().headers["retry-after"])
    assert timedelta(seconds=20) < until - datetime.now(UTC) <= timedelta(seconds=30)


@case(34, "I")
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_answers_html(cz: Any, call: Any, credit: Any, status: int) -> None:
    cz.inject(Fault(operation="create", at=1, kind="html", status=status))
    answer = call.create([credit()], key="k")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<html>")
    assert KEY not in answer.text
    assert cz.rows(STREAM, MONTH) == []
    assert call.create([credit()], key="k").status_code == 200


@case(35, "I")
@pytest.mark.parametrize("count", [None, 0, 7])
def test_a_success_may_state_a_wrong_count(
    cz: Any, call: Any, credit: Any, count: int | None
) -> None:
    cz.inject(Fault(operation="create", at=1, kind="wrong_count", row_count=count))
    answer = call.create([credit(), credit("000000000002"), credit("000000000003")])
    assert answer.status_code == 200
    assert answer.json()["connection"]["row_count"] == (2 if count is None else count)
    assert len(cz.rows(STREAM, MONTH)) == 3


def _billed(call: Any, **params: Any) -> list[dict[str, Any]]:
    answer = call.costs(granularity="monthly", group_by="Account", **params)
    assert answer.status_code == 200, answer.text
    costs: list[dict[str, Any]] = answer.json()["costs"]
    return costs


@case(36, "D")
def test_credits_show_in_billed_cost_once_they_are_ingested(
    cz: Any, call: Any, credit: Any
) -> None:
    call.create([credit("000000000001", "-6407.96"), credit("000000000002", "-0.10")])
    call.create([credit("000000000002", "-0.20")], operation="sum")
    filters = f'{{"BillingConnectionID": ["{STREAM}"], "LineItemType": ["Credit"]}}'
    assert _billed(call, cost_type="billed_cost", filters=filters) == []
    cz.clock.advance(timedelta(hours=23))
    assert _billed(call, cost_type="billed_cost", filters=filters) == []
    cz.clock.advance(timedelta(hours=2))
    assert _billed(call, cost_type="billed_cost", filters=filters) == [
        {"usage_date": "2026-10-01T00:00:00+00:00", "cost": -6407.96, "Account": "000000000001"},
        {"usage_date": "2026-10-01T00:00:00+00:00", "cost": -0.3, "Account": "000000000002"},
    ]


@case(36, "D")
def test_ingestion_shows_each_version_in_its_turn_however_many_follow(
    cz: Any, call: Any, credit: Any
) -> None:
    call.create([credit(cost="-1.00")])
    cz.clock.advance(timedelta(hours=1))
    for cost in range(2, 30):
        call.create([credit(cost=f"-{cost}.00")])
    cz.clock.advance(timedelta(hours=23, minutes=30))
    assert [line["cost"] for line in _billed(call, cost_type="billed_cost")] == [-1.0]
    cz.clock.advance(timedelta(hours=1))
    assert [line["cost"] for line in _billed(call, cost_type="billed_cost")] == [-29.0]
    for cost in range(2, 30):
        call.create([credit(cost=f"-{cost}.00")])
    assert [line["cost"] for line in _billed(call, cost_type="billed_cost")] == [-29.0]


@case(36, "D")
def test_credits_are_not_in_the_default_cost_type(cz: Any, call: Any, credit: Any) -> None:
    call.create([credit("000000000001", "-6407.96"), credit("000000000002", "-0.10")])
    cz.clock.advance(timedelta(hours=25))
    assert sum(line["cost"] for line in _billed(call)) == 0
    assert sum(line["cost"] for line in _billed(call, cost_type="real_cost")) == 0
    for cost_type in ("discounted_cost", "amortized_cost", "discounted_amortized_cost"):
        assert sum(line["cost"] for line in _billed(call, cost_type=cost_type)) == -6408.06


@case(36, "D")
def test_known_accounts_are_those_on_the_aws_bill(cz: Any, call: Any, credit: Any) -> None:
    call.create([credit("000000000009")])
    cz.clock.advance(timedelta(hours=25))
    cz.bill(MONTH, "000000000001", "12.50")
    cz.bill(MONTH, "000000000001", Decimal("0.25"), service="AmazonS3")
    cz.bill(MONTH, "000000000002", "-3", line_item_type="Credit")
    cz.bill(MONTH, "gcp-project", 8, cloud_provider="GCP")
    cz.bill("2026-08", "000000000003", 1)
    aws = '{"CloudProvider": ["AWS"]}'
    assert [(line["Account"], line["cost"]) for line in _billed(call, filters=aws)] == [
        ("000000000001", 12.75),
        ("000000000002", 0.0),
    ]
    credits_only = '{"CloudProvider": ["AWS"], "LineItemType": ["Credit"]}'
    assert [
        (line["Account"], line["cost"])
        for line in _billed(call, filters=credits_only, cost_type="billed_cost")
    ] == [("000000000002", -3.0)]
    accounts = {line["Account"] for line in _billed(call, filters='{"!CloudProvider": ["AWS"]}')}
    assert accounts == {"gcp-project", "000000000009"}


@case(36, "D")
@pytest.mark.parametrize(
    ("granularity", "dates"),
    [
        ("hourly", ["2026-10-01T05:00:00+00:00", "2026-10-31T23:00:00+00:00"]),
        ("daily", ["2026-10-01T00:00:00+00:00", "2026-10-31T00:00:00+00:00"]),
        ("weekly", ["2026-09-28T00:00:00+00:00", "2026-10-26T00:00:00+00:00"]),
        ("monthly", ["2026-10-01T00:00:00+00:00"]),
        ("yearly", ["2026-01-01T00:00:00+00:00"]),
    ],
)
def test_costs_are_added_up_by_period_oldest_first(
    cz: Any, call: Any, credit: Any, granularity: str, dates: list[str]
) -> None:
    last = credit(time__usage_start="2026-10-31T23:30:00Z")
    call.create([last, credit(hour=5)])
    cz.clock.advance(timedelta(hours=25))
    answer = call.costs(granularity=granularity, cost_type="billed_cost").json()
    assert [line["usage_date"] for line in answer["costs"]] == dates
    assert sum(line["cost"] for line in answer["costs"]) == -10


@case(36, "D")
@pytest.mark.parametrize(
    "params",
    [
        {"start_date": ""},
        {"start_date": "October"},
        {"end_date": "2026-10-01T00:00:00 00:00"},
        {"granularity": "decade"},
        {"cost_type": "net"},
        {"group_by": "Colour"},
        {"filters": "{"},
        {"filters": "[]"},
        {"filters": '{"Colour": ["red"]}'},
        {"filters": '{"Account": "000000000001"}'},
        {"limit": "5"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(call: Any, params: dict[str, str]) -> None:
    answer = call.costs(**params)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type"}


@case(36, "D")
@pytest.mark.parametrize(("end_date_is", "found"), [("exclusive", 1), ("inclusive", 2)])
def test_whether_the_end_belongs_to_the_answer_is_a_setting(
    stand_in: Any, end_date_is: str, found: int
) -> None:
    cz, call = stand_in(end_date_is=end_date_is)
    cz.bill("2026-10", "000000000001", 1)
    cz.bill("2026-11", "000000000001", 1)
    assert len(_billed(call)) == found


@case(37, "D")
def test_the_day_has_sixty_costs_calls(cz: Any, call: Any) -> None:
    cz.clock.set(datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert {call.costs().status_code for _ in range(60)} == {200}
    answer = call.costs()
    assert answer.status_code == 429
    assert set(answer.json()["error"]) == {"message", "type"}
    assert cz.costs_calls_today == 60
    cz.clock.advance(timedelta(hours=12))
    assert call.costs().status_code == 200


@case(37, "D")
def test_cursors_are_free_stay_as_they_were_and_end_after_a_day(stand_in: Any) -> None:
    cz, call = stand_in(costs_page_rows=2, costs_calls_a_day=1)
    for account in range(5):
        cz.bill(MONTH, f"{account:012d}", account)
    first = call.costs(group_by="Account", granularity="monthly").json()
    assert first["pagination"] | {"cursor": None} == {
        "page_count": 3,
        "item_count": 2,
        "total_count": 5,
        "cursor": None,
    }
    assert call.costs().status_code == 429
    cz.bill(MONTH, "000000000009", 9)
    pages, cursor = [first], first["pagination"]["cursor"]
    while cursor["has_next"]:
        page = call.get("/v2/billing/costs", params={"cursor": cursor["next_cursor"]}).json()
        pages.append(page)
        cursor = page["pagination"]["cursor"]
    assert [len(page["costs"]) for page in pages] == [2, 2, 1]
    assert [line["cost"] for page in pages for line in page["costs"]] == [0, 1, 2, 3, 4]
    following = first["pagination"]["cursor"]["next_cursor"]
    back = pages[1]["pagination"]["cursor"]["previous_cursor"]
    assert call.get("/v2/billing/costs", params={"cursor": back}).json() == first
    cz.clock.advance(timedelta(hours=23))
    assert call.get("/v2/billing/costs", params={"cursor": following}).status_code == 200
    cz.clock.advance(timedelta(hours=2))
    expired = call.get("/v2/billing/costs", params={"cursor": following})
    assert expired.status_code == 410
    assert set(expired.json()["error"]) == {"message", "type"}


@case(37, "D")
def test_a_cursor_must_be_url_encoded(stand_in: Any) -> None:
    cz, call = stand_in(costs_page_rows=1)
    cz.bill(MONTH, "000000000001", 1)
    cz.bill(MONTH, "000000000002", 1)
    cursor = call.costs(group_by="Account").json()["pagination"]["cursor"]["next_cursor"]
    assert call.get(f"/v2/billing/costs?cursor={cursor}").status_code == 400
    assert call.get("/v2/billing/costs?cursor=none").status_code == 400
    assert call.get("/v2/billing/costs", params={"cursor": cursor}).status_code == 200


@case(37, "D")
def test_a_page_has_ten_thousand_rows_unless_it_is_set() -> None:
    assert StandInSettings().costs_page_rows == 10_000
    assert StandInSettings().costs_calls_a_day == 60
    assert StandInSettings().cursor_life == timedelta(hours=24)
