"""The organisation beside a demo: planted while other things start, and answered for until the end.

Its accounts live in the sandbox's own moto, its bills lie in a folder as a source's do.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.sandbox.clouds import CloudsStandIn, World
from credits_pipeline.sandbox.estate.bill import billed, write_bill
from credits_pipeline.sandbox.estate.found import find
from credits_pipeline.sandbox.estate.planting import EMPTY, ROLE, Planted, planted
from credits_pipeline.sandbox.estate.things import PLATFORM, REGIONS

SOURCE = "acme"
#: Moto stamps all that is planted with now; what is old in its story is older than this.
_OLDER = timedelta(days=100)
_WAIT_SECONDS = 0.2
_POLICY = """\
id: gpu-in-the-wrong-account
name: GPU in the wrong account
type: place
severity: high
applies_to: [aws.ec2.instance]
owner_tag: team
values: {{allowed_accounts: ["{account}"]}}
when: gpus > 0 and account not in allowed_accounts
say: "{{gpus:d}} {{gpu_name}} ({{instance_type}}) in account {{account}}"
to_do: Move it to acme-platform, or stop it.
"""


class EstateError(Exception):
    """The organisation could not be planted; the message says why."""


@dataclass
class Organisation:
    """The organisation, from its planting to the end of a demo.

    Attributes:
        stand_in: who answers for AWS.
        moto_url: who is behind it.
    """

    stand_in: CloudsStandIn
    moto_url: str
    _planted: Planted | None = None
    _failed: BaseException | None = None
    _ready: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to scan it; S3 stays where the sandbox has it."""
        endpoints = dict(self.stand_in.environment)
        endpoints.pop("AWS_ENDPOINT_URL_S3", None)
        return {
            **endpoints,
            "FINOPS_SCAN_REGIONS": ",".join(REGIONS),
            "FINOPS_SCAN_ACCOUNTS": "organization",
            "FINOPS_SCAN_ROLE": ROLE,
        }

    @property
    def policy(self) -> str:
        """A policy of its people, as YAML: only their platform may have GPUs."""
        return _POLICY.format(account=self._there.accounts[PLATFORM])

    @property
    def _there(self) -> Planted:
        if self._planted is None:
            raise EstateError("The organisation is not planted yet.")
        return self._planted

    def wait(self, check_alive: Callable[[], None]) -> None:
        """Wait until it is planted.

        Args:
            check_alive: is called meanwhile, and may raise.

        Raises:
            EstateError: it could not be.
        """
        while not self._ready.wait(_WAIT_SECONDS):
            check_alive()
        if self._failed is not None:
            raise EstateError(
                f"The made-up organisation could not be planted: {self._failed}"
            ) from self._failed

    def deliver(self, folder: Path, today: date, months: int) -> list[dict[str, Any]]:
        """Write its bills: whole months, and the current one through yesterday.

        Args:
            folder: where.
            today: the day on which they are looked at.
            months: how many are over.

        Returns:
            What each month comes to, as its maker has it: source, month, billed, rows.
        """
        month, through = BillingMonth(today.year, today.month), today - timedelta(days=1)
        totals = []
        for ago in range(months, -1, -1):
            one = month.shift(-ago)
            until = None if ago else through
            if until is not None and until < one.start.date():
                continue
            path = write_bill(folder, self._there, one.year, one.month, through=until)
            with path.open("rb") as file:
                rows = sum(1 for _ in file) - 1
            total = billed(one.year, one.month, until)
            totals.append(
                {"source": SOURCE, "month": str(one), "billed": f"{total:f}", "rows": rows}
            )
        return totals

    def _plant(self) -> None:
        try:
            now = datetime.now(UTC)
            with planted(self.moto_url, self.stand_in.world, now) as found:
                find(found, self.stand_in.world, now)
                self._planted = found
                self._ready.set()
                self._over.wait()
        except BaseException as error:  # noqa: BLE001 - told where it is waited for
            self._failed = error
            self._ready.set()


@contextmanager
def organisation(moto_url: str) -> Iterator[Organisation]:
    """Plant the organisation beside what the block does, and answer for it until the block ends.

    Args:
        moto_url: of a moto in this process, whose accounts are empty.
    """
    # Moto reads it when an account first has machines: hundreds of images and snapshots else.
    os.environ.update(EMPTY)
    with CloudsStandIn(moto_url, World(older=_OLDER)) as stand_in:
        one = Organisation(stand_in, moto_url)
        planting = threading.Thread(target=one._plant, daemon=True)  # noqa: SLF001 - its own
        planting.start()
        try:
            yield one
        finally:
            one._over.set()  # noqa: SLF001 - as above
            planting.join(_WAIT_SECONDS * 25)
