"""What a person can decide in the launchpad; the descriptions are its documentation."""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.model.names import CREDITS


class DuplicatesChoice(Enum):
    """What to do with an account's second row; Dagster shows the names."""

    first = "first"
    sum = "sum"
    reject = "reject"


class SignsChoice(Enum):
    """How signs are read."""

    auto = "auto"
    as_is = "as_is"
    flipped = "flipped"


#: Fields that are no decision in themselves.
_ABOUT = frozenset({"for_version", "who", "why"})


class CreditsConfig(dg.Config):
    """Decisions about one version of the file, which for_version names.

    They stay with the version: later runs of it follow them without being given them again, and a
    new upload starts without them. A field that is left out keeps what was decided before.
    """

    for_version: str | None = Field(
        default=None,
        description=(
            "The version that is decided about, as the month's report names it. A decision is "
            "refused without it, or if another version is current."
        ),
    )
    who: str | None = Field(default=None, description="Who decides, for the receipt.")
    why: str | None = Field(default=None, description="The reason, for the receipt.")
    duplicates: DuplicatesChoice | None = Field(
        default=None,
        description="An account's second row: first = keep the first row and report the others "
        "(the rule), sum = add them up, reject = send nothing.",
    )
    signs: SignsChoice | None = Field(
        default=None,
        description="auto = a file of one sign is credits, both signs stop the month (the rule); "
        "as_is = each amount by its layout's sign, so claw-backs stay claw-backs; flipped = the "
        "whole file with opposite signs.",
    )
    accept_rejected: bool | None = Field(
        default=None,
        description="Send the rows that could be read although others could not. Look at the "
        "rejected rows first: their accounts get nothing, and lose what CloudZero holds for them.",
    )
    accept_change: bool | None = Field(
        default=None,
        description="Send although the month changes more than the limits for holding allow.",
    )
    clear_month: bool | None = Field(
        default=None,
        description="Withdraw the month: every account that CloudZero holds for it gets a zero.",
    )

    @property
    def decided(self) -> dict[str, Any]:
        """The fields that were filled in."""
        return {
            name: value.value if isinstance(value, Enum) else value
            for name, value in self.model_dump().items()
            if value is not None and name not in _ABOUT
        }


class DropConfig(dg.Config):
    """How this one run sends; nothing of it is stored."""

    force: bool = Field(
        default=False, description="Send although CloudZero already holds exactly these rows."
    )
    dry_run: bool = Field(
        default=False, description="Show what would be sent and what would change; send nothing."
    )


def asks_to_clear(context: dg.AssetExecutionContext) -> bool:
    """Whether the config of credits tells this run to withdraw its month."""
    config = context.run.run_config
    told = config.get("ops", {}) if isinstance(config, dict) else {}
    credits = Names.of_step(context).op(CREDITS)
    return bool(told.get(credits, {}).get("config", {}).get("clear_month"))
