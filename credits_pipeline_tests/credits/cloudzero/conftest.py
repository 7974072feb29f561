"""One stream of the stand-in, a client whose clock the test moves, and makers of months."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import polars as pl
import pytest

from credits_pipeline.core.columns import USD
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import CbfSettings, cbf_rows
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.drop import drop
from credits_pipeline.credits.cloudzero.drop_options import DropOptions
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.lock import FileStreamLock
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn

MONTH = BillingMonth(2025, 1)


@dataclass
class Patience:
    """A clock that moves only when the client waits, and the waits."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return datetime(2025, 2, 3, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def policy(self, **changes: Any) -> RetryPolicy:
        return RetryPolicy(**{"clock": self.clock, "sleep": self.sleep, "now": self.now, **changes})


class ClientMaker(Protocol):
    def __call__(self, **changes: Any) -> CloudZeroClient: ...


class Sender(Protocol):
    def __call__(self, owed: Mapping[str, str] | pl.DataFrame, **arguments: Any) -> DropResult: ...


@pytest.fixture
def month() -> BillingMonth:
    return MONTH


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
def stream(cloudzero: CloudZeroStandIn) -> str:
    """The id of the stand-in's stream."""
    return os.environ["CLOUDZERO_CONNECTION_ID"]


@pytest.fixture
def api_key(cloudzero: CloudZeroStandIn) -> str:
    return os.environ["CLOUDZERO_API_KEY"]


@pytest.fixture
def make_client(
    cloudzero: CloudZeroStandIn, stream: str, api_key: str, patience: Patience
) -> Iterator[ClientMaker]:
    """Clients of the stand-in, closed when the test ends."""
    clients: list[CloudZeroClient] = []

    def make(**changes: Any) -> CloudZeroClient:
        settings: dict[str, Any] = {
            "api_key": api_key,
            "connection_id": stream,
            "base_url": cloudzero.base_url,
            "retry": patience.policy(),
        }
        clients.append(CloudZeroClient(**(settings | changes)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: ClientMaker) -> CloudZeroClient:
    return make_client()


@pytest.fixture
def credits_of() -> Callable[[Mapping[str, str]], pl.DataFrame]:
    """The credits table of a few accounts and their amounts as text."""
    return table


def table(amounts: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"account_id": list(amounts), "amount_usd": list(amounts.values())},
        schema={"account_id": pl.String, "amount_usd": pl.String},
    ).with_columns(pl.col("amount_usd").str.to_decimal(scale=12).cast(USD))


@pytest.fixture
def many() -> Callable[[int], pl.DataFrame]:
    """The credits table of a number of accounts, each with a dollar more than the one before."""

    def make(accounts: int, first_usd: int = 1) -> pl.DataFrame:
        numbers = pl.int_range(accounts, eager=True)
        return pl.DataFrame(
            {
                "account_id": (numbers + 100_000_000_000).cast(pl.String),
                "amount_usd": (numbers + first_usd).cast(USD),
            }
        )

    return make


@pytest.fixture
def payload_of() -> Callable[..., Payload]:
    def make(
        owed: Mapping[str, str] | pl.DataFrame,
        month: BillingMonth = MONTH,
        texts: CbfSettings | None = None,
    ) -> Payload:
        frame = owed if isinstance(owed, pl.DataFrame) else table(owed)
        return Payload(month, cbf_rows(frame, month, texts or CbfSettings()))

    return make


@pytest.fixture
def send(
    client: CloudZeroClient,
    cloudzero: CloudZeroStandIn,
    stream: str,
    payload_of: Callable[..., Payload],
) -> Sender:
    """Drop a month under the stream's lock, with the test's client unless another is given."""

    def run(owed: Mapping[str, str] | pl.DataFrame, **arguments: Any) -> DropResult:
        by = arguments.pop("client", client)
        month = arguments.pop("month", MONTH)
        names = set(DropOptions.__dataclass_fields__)
        options = {name: arguments.pop(name) for name in names & set(arguments)}
        journal = arguments.pop("journal", lambda _: None)
        texts = arguments.pop("texts", None)
        with FileStreamLock(cloudzero.base_url, stream).hold() as lock:
            return drop(
                by,
                payload_of(owed, month, texts),
                lock=lock,
                journal=journal,
                options=DropOptions(**options),
                **arguments,
            )

    return run
