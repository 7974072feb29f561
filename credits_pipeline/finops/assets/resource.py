"""The wing's storage, sources and engine as one Dagster resource.

It reads its settings on first use, so that a code location always loads. What it needs is imported
then too.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.invoices import StatedInvoice
    from credits_pipeline.finops.lake import Lake
    from credits_pipeline.finops.manifests import Receipts, SourceSpec
    from credits_pipeline.finops.publish.refreshing import Refresher
    from credits_pipeline.finops.settings import Payer, TagKey
    from credits_pipeline.finops.sources import Source


class BillsResource(dg.ConfigurableResource[Any]):
    """Where bills come from, and where results are stored."""

    root: str | None = Field(default=None, description="Default: FINOPS_STORAGE.")
    credits: str | None = Field(
        default=None,
        description=("Where the first wing's receipts are stored. Default: CREDITS_STORAGE."),
    )

    def storage(self) -> str:
        """Where the wing keeps what it made.

        Raises:
            SettingError: the place can't be used.
        """
        from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - when used

        return storage_root() if self.root is None else self.root

    def lake(self) -> "Lake":
        """The typed rows."""
        from credits_pipeline.finops.lake import open_lake  # noqa: PLC0415 - loads engines

        return open_lake(self.storage())

    def depot(self) -> "Depot":
        """The storage of everything else."""
        from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used

        return Depot(self.storage())

    def refresher(self) -> "Refresher":
        """Makes marts and publishes."""
        from credits_pipeline.finops.publish.refreshing import (  # noqa: PLC0415 - loads DuckDB
            Refresher,
        )

        names = [key.name for key in self.tags()]
        return Refresher(self.lake(), self.depot(), names)

    def tags(self) -> "tuple[TagKey, ...]":
        """The tag keys that become columns."""
        from credits_pipeline.finops.settings import tag_keys  # noqa: PLC0415 - when used

        return tag_keys()

    def sources(self) -> "list[Source]":
        """All sources.

        Raises:
            SourceError: one can't be used.
        """
        from credits_pipeline.finops.sources import configured_sources  # noqa: PLC0415 - as above

        return configured_sources()

    def receipts(self) -> "Receipts":
        """The first wing's receipts as a source, which nobody has to add.

        Raises:
            SettingError: their place can't be used.
        """
        from credits_pipeline.finops.manifests import own_receipts  # noqa: PLC0415 - when used

        return own_receipts(self.credits)

    def payer(self, account: str) -> "Payer":
        """A payer whose ledger is read.

        Raises:
            Failure: the settings do not name it.
        """
        from credits_pipeline.finops.settings import ledger_payers  # noqa: PLC0415 - when used

        found = {one.account: one for one in ledger_payers()}
        if account not in found:
            raise dg.Failure(
                f"FINOPS_LEDGER does not name {account}. What to do: name it there, or leave its "
                "months out of the backfill.",
                allow_retries=False,
            )
        return found[account]

    def invoices(self) -> "list[StatedInvoice]":
        """What people have stated of invoices."""
        from credits_pipeline.finops.invoices import stated_invoices  # noqa: PLC0415 - when used

        return stated_invoices()

    def source(self, name: str) -> "SourceSpec":
        """One source.

        Raises:
            Failure: there is none of that name.
        """
        from credits_pipeline.finops.manifests import RECEIPTS  # noqa: PLC0415 - when used

        if name == RECEIPTS:
            return self.receipts()
        found = {source.name: source for source in self.sources()}
        if name not in found:
            raise dg.Failure(
                f"There is no source {name!r}; there are {', '.join(found) or 'none'}. What to do: "
                f"credits-pipeline sources add {name} …, or leave its months out of the backfill.",
                allow_retries=False,
            )
        return found[name]
