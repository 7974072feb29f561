"""The operations of CloudZero's API that the product uses: method, path, and the scope of each.

The table of the CloudZero contract, section 1. There is no delete, no patch and no drop status.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal


@dataclass(frozen=True)
class _Facts:
    title: str
    method: Literal["GET", "POST"]
    path: str
    scope: str
    rehearsable: bool
    most_attempts: int | None = None


_STREAM = "/v2/connections/billing/anycost"


class Operation(Enum):
    """One endpoint. Scopes are granted one by one: that one works says nothing about the next."""

    CREATE_DROP = _Facts(
        "create drop",
        "POST",
        _STREAM + "/{connection_id}/billing_drops",
        "connections:create_billing_anycost_billing_drop",
        rehearsable=True,
    )
    VALIDATE = _Facts(
        "validate",
        "POST",
        _STREAM + "/validate_billing_drop",
        "connections:create_billing_anycost_validate_billing_drop",
        rehearsable=True,
    )
    LIST_DROPS = _Facts(
        "list drops",
        "GET",
        _STREAM + "/{connection_id}/billing_drops",
        "connections:read_billing_anycost_billing_drops",
        rehearsable=True,
    )
    CONTENTS = _Facts(
        "drop contents",
        "GET",
        _STREAM + "/{connection_id}/billing_drops/{month}",
        "connections:read_billing_anycost_billing_drops_month",
        rehearsable=True,
    )
    # 60 calls a day: once they are used up, waiting does not help.
    COSTS = _Facts(
        "costs",
        "GET",
        "/v2/billing/costs",
        "billing:read_costs",
        rehearsable=False,
        most_attempts=3,
    )
    CONNECTION = _Facts(
        "connection",
        "GET",
        "/v2/connections/billing/{connection_id}",
        "connections:read_billing",
        rehearsable=False,
    )

    @property
    def title(self) -> str:
        """What people call it."""
        return self.value.title

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.value.method

    @property
    def scope(self) -> str:
        """The scope that the API key needs for it."""
        return self.value.scope

    @property
    def writes(self) -> bool:
        """Whether it can change what the stream holds. Validating does not."""
        return self is Operation.CREATE_DROP

    @property
    def rehearsable(self) -> bool:
        """Whether ``cloudzero-test-key`` puts it into a separate namespace."""
        return self.value.rehearsable

    @property
    def most_attempts(self) -> int | None:
        """The most times it is sent, or None if only time limits it."""
        return self.value.most_attempts

    def path(self, **parts: str) -> str:
        """The path with its parts, which must be quoted already."""
        return self.value.path.format(**parts)
