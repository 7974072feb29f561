"""A file that was made from AWS's credit ledger, on its way into the inbox."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery.connections import StorageConnection
from credits_pipeline.credits.delivery.figures import PROPOSED

if TYPE_CHECKING:
    from credits_pipeline.credits.inbox.bucket import Inbox
    from credits_pipeline.credits.inbox.version import FileVersion


def put_into_inbox(
    inbox: "Inbox",
    month: BillingMonth,
    data: bytes,
    made: Mapping[str, str],
    *,
    who: str,
    signs_meant: bool,
) -> "FileVersion":
    """Upload a month's file with how it was made, and decide that its signs are intended.

    Args:
        inbox: where to upload it.
        month: the billing month.
        data: the file.
        made: how it was made, by short names; it becomes metadata of the object.
        who: the person who looked at it and agreed.
        signs_meant: whether it has rows that take money back: without the decision they would
            stop the month. It is about this version alone.

    Raises:
        InboxError: S3 refuses.
        StorageError: the decision could not be stored.
    """
    metadata = {f"{PROPOSED}{name}": text for name, text in made.items()}
    version = inbox.upload(inbox.key(month), data, metadata=metadata)
    if signs_meant:
        journal = StorageConnection().journal()
        receipt = journal.receipt(month)
        journal.decide(
            month,
            version.token,
            run_id=f"propose-{made['digest'][:12]}",
            who=who,
            why=f"proposed by the rule {made['rule']}: rows below zero take back what AWS gave",
            decided={"signs": "as_is"},
            receipt="" if receipt is None else receipt.run_id,
        )
    return version
