"""CloudZero: the settings, the stream's lock, and what the key may do. Nothing is ever sent."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.core.storage.store import StorageError
from credits_pipeline.credits.cloudzero.errors import CloudZeroError, LockError
from credits_pipeline.credits.cloudzero.lock import FileStreamLock
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.rehearsal import Rehearsed, probe
from credits_pipeline.credits.delivery.connections import StorageConnection, StreamConnection
from credits_pipeline.credits.delivery.costs import costs_day
from credits_pipeline.doctor.environment import advice_where_missing
from credits_pipeline.doctor.finding import Finding, note, ok, skipped, wrong

_PATIENCE_SECONDS = 30
_WRONG_KEY = (
    "Check that the API key is CloudZero's own, as it is, without 'Bearer'. If it is, give it its "
    "scopes: credits-pipeline rehearse names each."
)
#: Months pass without these, but less is checked; the README's table of scopes says what.
_OPTIONAL = {
    Operation.VALIDATE: "rows are not validated before they are sent",
    Operation.COSTS: "accounts are sent unchecked, and nobody sees whether the credits show up",
    Operation.LIST_DROPS: "only rehearse is affected",
    Operation.CONNECTION: "only rehearse is affected",
}


def stream_found(month: BillingMonth, instance: dg.DagsterInstance) -> Iterator[Finding]:
    """Whether CloudZero can be asked and sent to, under the stream's lock.

    Args:
        month: the month to ask about.
        instance: Dagster's, whose database may hold the lock.
    """
    cloudzero = StreamConnection()
    try:
        base_url, connection_id = cloudzero.address()
        # Checks key, id and address before any request.
        cloudzero.client().close()
    except SettingError as error:
        for says in cloudzero.unset() or [str(error)]:
            yield wrong("CloudZero", says, advice_where_missing())
    except CloudZeroError as error:
        yield wrong("CloudZero", error.what, error.to_do)
    else:
        yield ok("CloudZero", f"stream {connection_id} at {base_url}")
        yield from _under_the_lock(month, cloudzero, instance)
        return
    yield skipped("the stream's lock", "not checked: CloudZero's settings can't be used")
    yield skipped("the key's scopes", "CloudZero can't be asked")


def _under_the_lock(
    month: BillingMonth, cloudzero: StreamConnection, instance: dg.DagsterInstance
) -> Iterator[Finding]:
    lock = cloudzero.lock(instance)
    where = str(lock.path) if isinstance(lock, FileStreamLock) else "in Dagster's PostgreSQL"
    try:
        with _without_waiting(cloudzero, instance):
            yield ok("the stream's lock", f"{where} can be taken")
            yield from _scopes(month, cloudzero)
    except _BusyError as busy:
        yield ok("the stream's lock", f"{where} is taken: {busy}")
        yield skipped("the key's scopes", "a run is using the stream; try again when it has ended")
    except LockError as error:
        yield wrong("the stream's lock", error.what, error.to_do)
        yield skipped("the key's scopes", "the stream can't be used without its lock")


class _BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def _without_waiting(cloudzero: StreamConnection, instance: dg.DagsterInstance) -> Iterator[None]:
    def refuse(why: str) -> None:
        raise _BusyError(why.removeprefix("waiting: "))

    with cloudzero.lock(instance).hold(refuse):
        yield


def _scopes(month: BillingMonth, cloudzero: StreamConnection) -> Iterator[Finding]:
    test_key = f"credits-pipeline-doctor-{uuid.uuid4()}"
    try:
        # CloudZero counts the call, whoever makes it.
        costs_day(StorageConnection()).note("doctor")
    except (SettingError, StorageError):
        # The finding on the storage says why.
        yield note("calls today", "this call of costs could not be recorded")
    client = cloudzero.client(seconds=_PATIENCE_SECONDS, test_key=test_key)
    # One session, so that its time limit covers all of them.
    found: list[Rehearsed] = []
    with client, client.session():
        for tried in probe(client, month):
            if not tried.answered:
                yield from map(_scope, found)
                yield wrong("CloudZero's answer", tried.says, tried.to_do)
                yield skipped("the key's scopes", "CloudZero does not answer")
                return
            found.append(tried)
    if any(one.works for one in found):
        yield from map(_scope, found)
    else:
        yield wrong("CloudZero, key", f"nothing is allowed. {found[0].says}", _WRONG_KEY)


def _scope(tried: Rehearsed) -> Finding:
    name = f"CloudZero, {tried.operation.title}"
    if tried.works:
        return ok(name, tried.says)
    without = _OPTIONAL.get(tried.operation)
    if without is None:
        return wrong(name, tried.says, tried.to_do)
    return note(name, f"{tried.says} Without it {without}.", tried.to_do)
