"""The whole pipeline in this process, without the waits between two requests."""

import time
from functools import partial

import pytest

from credits_pipeline.credits.cloudzero import client, retrying
from credits_pipeline_tests.credits.assets.conftest import pipeline

__all__ = ["pipeline"]


class Hurry:
    """A clock that jumps when the client would sleep."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def clock(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests, answers and time-outs are real; only the waits in between are skipped."""
    passing = Hurry()
    # The client names the class in its signature, so it must be loaded first.
    policy = partial(client.RetryPolicy, clock=passing.clock, sleep=passing.sleep)
    monkeypatch.setattr(retrying, "RetryPolicy", policy)
    monkeypatch.setenv("CLOUDZERO_DROP_SECONDS", "60")
