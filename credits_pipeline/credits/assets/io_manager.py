"""The IO manager: each asset's value as files in the archive, by month and run.

A run reads what it made itself; a run that did not make it reads what is current. So two concurrent
runs of one month never mix their tables.
"""

from typing import TYPE_CHECKING

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload, RawFile, Stored
from credits_pipeline.text import Outside, gated

if TYPE_CHECKING:
    from credits_pipeline.core.storage.archive import Entry

#: The value that each asset passes on.
VALUES: dict[str, type[RawFile | MonthCredits | MonthPayload]] = {
    "raw_credits_csv": RawFile,
    "credits": MonthCredits,
    "cbf_payload": MonthPayload,
}


#: The file that contains each asset's table. Raw bytes stay where they were found: in the inbox.
FILES = {"credits": "credits.parquet", "cbf_payload": "cbf.parquet"}


class MonthIOManager(dg.ConfigurableIOManager):
    """Stores and finds the values that pass between the assets."""

    storage: dg.ResourceDependency[StorageResource]

    @gated
    def handle_output(self, context: dg.OutputContext, obj: Stored) -> None:
        """Store a value, and show where."""
        noun, month = _address(context)
        archive = self.storage.archive()
        entry = archive.keep(
            noun,
            month,
            run_id=context.run_id,
            version=obj.version.token,
            digest=obj.digest,
            files=obj.to_files(),
        )
        stored_at = archive.uri(entry)
        shown: dict[str, dg.RawMetadataValue] = {"stored_at": showing.path(Outside(stored_at))}
        if noun in FILES:
            shown["dagster/uri"] = showing.text(Outside(f"{stored_at}/{FILES[noun]}"))
        context.add_output_metadata(shown)

    @gated
    def load_input(self, context: dg.InputContext) -> RawFile | MonthCredits | MonthPayload:
        """Find a value.

        Raises:
            Failure: there is none for the month; the message says what to materialise.
        """
        noun, month = _address(context)
        _, value = load(self.storage, noun, month, run_id=context.step_context.run_id)
        return value


def load(
    storage: StorageResource, noun: str, month: BillingMonth, *, run_id: str
) -> tuple["Entry", RawFile | MonthCredits | MonthPayload]:
    """What this run made of a noun, otherwise what is current.

    Raises:
        Failure: there is none; the message says what to materialise.
    """
    archive = storage.archive()
    entry = archive.find(noun, month, run_id=run_id)
    if entry is None:
        raise dg.Failure(
            f"There is no {noun} of {month} yet. What to do: materialise {noun} first, or the "
            "whole month with the job credits_month.",
            allow_retries=False,
        )
    return entry, VALUES[noun].from_files(archive.files(entry))


def _address(context: dg.OutputContext | dg.InputContext) -> tuple[str, BillingMonth]:
    return context.asset_key.path[-1], BillingMonth.of_partition(context.asset_partition_key)
