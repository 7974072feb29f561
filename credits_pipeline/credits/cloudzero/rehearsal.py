"""The rehearsal: every operation once, in a namespace that CloudZero purges after an hour.

It proves key, scopes and connection before the first real drop, with no effect on live data.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.confirm import landed_query
from credits_pipeline.credits.cloudzero.difference import difference
from credits_pipeline.credits.cloudzero.errors import (
    CloudZeroError,
    PermanentError,
    WrongAnswerError,
)
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.plan import Plan

#: A body that CloudZero's API must refuse: `data` is required.
_NO_ROWS = b"{}"


@dataclass(frozen=True)
class Rehearsed:
    """One operation, tried.

    Attributes:
        operation: which one.
        scope: the scope that the key needs for it.
        works: true if it did what it should, false if not, None if it was not tried because an
            earlier operation that it needs failed.
        says: what was seen.
        to_do: what to do about it; empty if it works.
        answered: whether CloudZero answered at all.
    """

    operation: Operation
    scope: str
    works: bool | None
    says: str
    to_do: str = ""
    answered: bool = True


def rehearse(client: CloudZeroClient, plan: Plan) -> Iterator[Rehearsed]:
    """Try every operation once, whatever the result of those before it.

    Costs and connection are plain reads of live data; the costs call counts against CloudZero's 60
    a day.

    Args:
        client: made with a test key.
        plan: what to drop in the test key's namespace.

    Raises:
        ValueError: the client has no test key, so the drop would be real.
    """
    if not client.rehearsal:
        raise ValueError("a rehearsal needs a client with a test key: without it the drop is real")
    return _steps(client, plan)


def _steps(client: CloudZeroClient, plan: Plan) -> Iterator[Rehearsed]:
    yield _tried(Operation.CONNECTION, lambda: _connection(client))
    yield _tried(Operation.VALIDATE, lambda: _validate(client, plan))
    created = _tried(Operation.CREATE_DROP, lambda: _create(client, plan))
    yield created
    yield _tried(Operation.LIST_DROPS, lambda: _list(client))
    yield _tried(Operation.CONTENTS, lambda: _contents(client, plan, created=bool(created.works)))
    yield _tried(Operation.COSTS, lambda: _costs(client, plan))


def probe(client: CloudZeroClient, month: BillingMonth) -> Iterator[Rehearsed]:
    """Try every operation with nothing that could be stored, not even for an hour.

    A create without rows is refused as incomplete if the key may create, and as forbidden if it may
    not (CloudZero contract, sections 1 and 8).

    Args:
        client: made with a test key, so that even the refused request is kept away from live data.
        month: the month to ask about.

    Raises:
        ValueError: the client has no test key.
    """
    if not client.rehearsal:
        raise ValueError("a probe needs a client with a test key")
    return _probes(client, month)


def _probes(client: CloudZeroClient, month: BillingMonth) -> Iterator[Rehearsed]:
    query = landed_query(client.connection_id, month, month)
    yield _tried(Operation.CONNECTION, lambda: _connection(client))
    yield _tried(Operation.CREATE_DROP, lambda: _may_create(client, month))
    yield _tried(Operation.CONTENTS, lambda: _may_read(client, month))
    yield _tried(Operation.VALIDATE, lambda: _may_validate(client, month))
    yield _tried(Operation.LIST_DROPS, lambda: _list(client))
    yield _tried(
        Operation.COSTS, lambda: (True, f"{counted(len(client.costs(query)), 'row')} of {month}")
    )


def _may_create(client: CloudZeroClient, month: BillingMonth) -> tuple[bool, str]:
    try:
        # If it is accepted, no answer to it is the right one.
        with suppress(WrongAnswerError):
            client.create_drop(_NO_ROWS, month=month, row_counts=())
    except PermanentError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        return True, "the key may create drops (a body without rows was refused, as expected)"
    return False, "CloudZero accepted a body without rows: ask its support before you send"


def _may_read(client: CloudZeroClient, month: BillingMonth) -> tuple[bool, str]:
    client.contents(month)
    return True, f"{month} can be read"


def _may_validate(client: CloudZeroClient, month: BillingMonth) -> tuple[bool, str]:
    try:
        client.validate(_NO_ROWS, month=month)
    except PermanentError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
    return True, "CloudZero validates rows before they are sent"


def _tried(operation: Operation, step: Callable[[], tuple[bool | None, str]]) -> Rehearsed:
    try:
        works, says = step()
    except CloudZeroError as error:
        refused = "refused: " if error.status == HTTPStatus.FORBIDDEN else ""
        return Rehearsed(
            operation,
            operation.scope,
            works=False,
            says=f"{refused}{error.what}",
            to_do=error.to_do,
            answered=error.status is not None,
        )
    return Rehearsed(operation, operation.scope, works, says)


def _connection(client: CloudZeroClient) -> tuple[bool, str]:
    found = client.connection()
    kind = found.get("connection_type") or found.get("type") or "of a kind it does not name"
    return True, f"the connection exists: {found.get('name') or client.connection_id}, {kind}"


def _validate(client: CloudZeroClient, plan: Plan) -> tuple[bool, str]:
    for _, content in plan.contents():
        validation = client.validate(content, month=plan.month)
        if not validation.is_valid:
            return False, f"CloudZero finds the rows invalid: {'; '.join(validation.errors[:5])}"
    return True, f"{plan.rows.height:,} rows are valid"


def _create(client: CloudZeroClient, plan: Plan) -> tuple[bool, str]:
    so_far = 0
    for body, content in plan.contents():
        so_far += body.row_count
        client.create_drop(
            content,
            month=plan.month,
            row_counts={body.row_count, so_far},
            label=body.operation,
        )
    return True, f"{so_far:,} rows for {plan.month} were accepted"


def _list(client: CloudZeroClient) -> tuple[bool, str]:
    drops = client.list_drops()
    return True, f"{counted(len(drops), 'drop')} listed"


def _contents(client: CloudZeroClient, plan: Plan, *, created: bool) -> tuple[bool | None, str]:
    rows = client.contents(plan.month)
    if not created:
        return None, "the month can be read; whether it holds the drop was not seen"
    found = difference(plan.placed(), rows)
    return found.equal, f"read back: {found.says}"


def _costs(client: CloudZeroClient, plan: Plan) -> tuple[bool, str]:
    rows = client.costs(landed_query(client.connection_id, plan.month, plan.month))
    return True, f"{counted(len(rows), 'row')} of billed credits for {plan.month}"
