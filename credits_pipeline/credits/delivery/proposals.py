"""A file that was made from AWS's credit ledger, on its way into the inbox."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery.connections import StorageConnection
from credits_pipeline.credits.delivery.figures import PROPOSED
from credits_pipeline.credits.state.announcement import UPLOAD, announce, arrived

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

    The decision is written down first: a run that begins at once finds it.

    Args:
        inbox: where to upload it.
        month: the billing month.
        data: the file.
        made: how it was made, by short names; it becomes metadata of the object.
        who: the person who looked at it and agreed.
        signs_meant: whether it has rows that take money back: without the decision they would
            stop the month. It is about this version alone.

    Raises:
        InboxError: S3 refuses, or somebody else's file took its place at once.
        StorageError: the decision could not be written.
    """
    from credits_pipeline.credits.inbox.bucket import InboxError  # noqa: PLC0415 - loads the SDK

    upload, digest = uuid.uuid4().hex, hashlib.sha256(data).hexdigest()
    metadata = {f"{PROPOSED}{name}": text for name, text in made.items()} | {UPLOAD: upload}
    storage = StorageConnection()
    if signs_meant:
        receipt = storage.journal().receipt(month)
        announce(
            storage.store(),
            month,
            upload,
            digest=digest,
            run_id=f"propose-{made['digest'][:12]}",
            who=who,
            why=f"proposed by the rule {made['rule']}: rows below zero take back what AWS gave",
            decided={"signs": "as_is"},
            receipt="" if receipt is None else receipt.run_id,
        )
    version = inbox.upload(inbox.key(month), data, metadata=metadata)
    if version.metadata.get(UPLOAD) != upload:
        raise InboxError(
            f"{inbox.uri(version.key)} was uploaded, and at once somebody else's file took its "
            f"place: what is there now is version {version.token}. What to do: find out who "
            "uploads that month, then propose it again with --force."
        )
    if signs_meant:
        arrived(storage.store(), month, upload, digest=digest, version=version.token)
    return version
