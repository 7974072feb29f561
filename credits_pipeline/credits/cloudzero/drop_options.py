"""What a drop should do beside its payload, and what is known of the drop before it."""

from dataclasses import dataclass, field
from typing import Literal

from credits_pipeline.credits.cloudzero.cbf import CbfSettings
from credits_pipeline.credits.cloudzero.hold import HoldLimits
from credits_pipeline.credits.cloudzero.known import UnknownLimits
from credits_pipeline.credits.cloudzero.plan import SendingLimits


@dataclass(frozen=True)
class DropOptions:
    """What a drop should do, beside the payload.

    Attributes:
        force: send although CloudZero already holds the payload.
        dry_run: plan and compare, and send nothing.
        accept_change: send although the change exceeds the hold's limits.
        clear_month: withdraw the month: zero-cost rows for every account that the stream holds.
        unknown: what to do with accounts that CloudZero does not know.
        cbf: the texts of the zero-cost rows.
        sending: the limits of CloudZero.
        hold: from where on a change is held.
        unknown_limits: from where on unknown accounts block.
        read_back_seconds: how long to wait for a read that lags behind.
    """

    force: bool = False
    dry_run: bool = False
    accept_change: bool = False
    clear_month: bool = False
    unknown: Literal["skip", "send"] = "skip"
    cbf: CbfSettings = field(default_factory=CbfSettings)
    sending: SendingLimits = field(default_factory=SendingLimits)
    hold: HoldLimits = field(default_factory=HoldLimits)
    unknown_limits: UnknownLimits = field(default_factory=UnknownLimits)
    read_back_seconds: float = 60.0


@dataclass(frozen=True)
class PreviousAttempt:
    """Our last attempt for this stream and month that sent anything.

    Attributes:
        verified: whether it ended as `verified` or `partial`, or an `unchanged` confirmed it.
        sent_sha256: the digest of the rows that it sent.
    """

    verified: bool
    sent_sha256: str
