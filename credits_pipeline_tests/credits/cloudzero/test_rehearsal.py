from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import polars as pl
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import Plan, SendingLimits, plan_bodies
from credits_pipeline.credits.cloudzero.rehearsal import probe, rehearse
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, Fault

MONTH = BillingMonth(2025, 1)


class ClientMaker(Protocol):
    def __call__(self, **changes: Any) -> CloudZeroClient: ...


@pytest.fixture
def plan(many: Callable[..., pl.DataFrame], payload_of: Callable[..., Payload]) -> Plan:
    """A month of three bodies."""
    return plan_bodies(payload_of(many(25)).rows, MONTH, SendingLimits(body_bytes=2_600))


@pytest.fixture
def rehearsing(make_client: ClientMaker) -> CloudZeroClient:
    return make_client(test_key="rehearsal-1")


def works(client: CloudZeroClient, plan: Plan) -> dict[Operation, bool | None]:
    return {step.operation: step.works for step in rehearse(client, plan)}


def test_every_operation_works_and_live_data_stay_as_they_are(
    *,
    rehearsing: CloudZeroClient,
    plan: Plan,
    client: CloudZeroClient,
    cloudzero: CloudZeroStandIn,
    stream: str,
) -> None:
    steps = list(rehearse(rehearsing, plan))
    assert {step.operation for step in steps} == set(Operation)
    assert all(step.works for step in steps), steps
    assert all(step.scope == step.operation.scope and step.says for step in steps)
    assert cloudzero.rows(stream, "2025-01") == []
    assert client.contents(MONTH).is_empty()
    assert len(cloudzero.rows(stream, "2025-01", "rehearsal-1")) == 25
    cloudzero.clock.advance(timedelta(minutes=61))
    assert rehearsing.contents(MONTH).is_empty()


@pytest.mark.parametrize("missing", list(Operation))
def test_a_scope_that_is_missing_is_shown_and_the_others_are_tried(
    *,
    missing: Operation,
    rehearsing: CloudZeroClient,
    plan: Plan,
    cloudzero: CloudZeroStandIn,
    api_key: str,
) -> None:
    cloudzero.keys[api_key] = frozenset(SCOPES) - {missing.scope}
    steps = {step.operation: step for step in rehearse(rehearsing, plan)}
    assert steps[missing].works is False
    assert missing.scope in steps[missing].to_do
    for operation, step in steps.items():
        if operation is Operation.CONTENTS and missing is Operation.CREATE_DROP:
            assert step.works is None
        elif operation is not missing:
            assert step.works is True


def test_a_wrong_key_works_nowhere(
    make_client: ClientMaker, plan: Plan, cloudzero: CloudZeroStandIn
) -> None:
    stranger = make_client(api_key="nobody-knows-me", test_key="rehearsal-1")
    assert set(works(stranger, plan).values()) == {False}


def test_rows_that_cloudzero_finds_invalid_or_loses_are_shown(
    rehearsing: CloudZeroClient, plan: Plan, cloudzero: CloudZeroStandIn
) -> None:
    plan = plan_bodies(plan.rows, MONTH)
    invalid = '{"connection": {"is_valid": false, "errors": ["row 1 is odd"]}}'
    cloudzero.inject(Fault(operation="validate", kind="status", status=200, body=invalid))
    cloudzero.inject(Fault(operation="create", kind="lose_rows", at=1))
    steps = {step.operation: step for step in rehearse(rehearsing, plan)}
    assert steps[Operation.VALIDATE].works is False
    assert "row 1 is odd" in steps[Operation.VALIDATE].says
    assert steps[Operation.CONTENTS].works is False
    assert "1 rows missing" in steps[Operation.CONTENTS].says


def test_a_client_without_a_test_key_is_refused_before_any_request(
    client: CloudZeroClient, plan: Plan, cloudzero: CloudZeroStandIn
) -> None:
    with pytest.raises(ValueError, match="the drop is real"):
        rehearse(client, plan)
    assert cloudzero.log == []


def test_a_body_without_rows_that_is_accepted_is_reported(
    rehearsing: CloudZeroClient, cloudzero: CloudZeroStandIn
) -> None:
    taken = '{"drop_id": "a", "month": "2025-01", "row_count": 0}'
    cloudzero.inject(Fault(operation="create", kind="status", status=200, body=taken))
    tried = {step.operation: step for step in probe(rehearsing, MONTH)}[Operation.CREATE_DROP]
    assert not tried.works
    assert "CloudZero accepted a body without rows" in tried.says
