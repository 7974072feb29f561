"""A decision about a file that is on its way into the inbox: written down before S3 shows it.

A run may begin as soon as the object is there, and the token of its version is known no earlier.
So the decision is announced under the id of the upload with the digest of the bytes, and is that
of the first version that comes with both; a copy of the object is another version, without it.

::

    announced/<month>/<upload>.json   the decision, the digest, and the version once it is known
"""

import json
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import Store
from credits_pipeline.credits.state.decision import decision_record, keep_decision

#: The object's metadata that names its upload.
UPLOAD = "credits-upload"


def announce(
    store: Store,
    month: BillingMonth,
    upload: str,
    *,
    digest: str,
    run_id: str,
    who: str,
    why: str,
    decided: dict[str, Any],
    receipt: str,
) -> None:
    """Write down what a person decided about a file that is uploaded next.

    Args:
        store: of the journal.
        month: the billing month.
        upload: a new id, which the object's metadata has under `UPLOAD`.
        digest: SHA-256 of the file.
        run_id: what the decision is told by, as in `Journal.decide`.
        who: the person.
        why: the reason.
        decided: the decisions by name.
        receipt: the run of the receipt that stood; empty for none.

    Raises:
        StorageError: it could not be written, so nothing may be uploaded.
    """
    told = {
        "digest": digest,
        "version": "",
        "record": decision_record(
            run_id=run_id, who=who, why=why, decided=decided, receipt=receipt
        ),
    }
    store.write(_name(month, upload), json.dumps(told, indent=2).encode())


def arrived(store: Store, month: BillingMonth, upload: str, *, digest: str, version: str) -> bool:
    """Make what was announced about an upload the decision of a version, if it is about it.

    Whoever sees the version first does this, the command that uploaded it or a run; the other
    finds it done.

    Args:
        store: of the journal.
        month: the billing month.
        upload: what the object's metadata says; may come from anybody, and may be empty.
        digest: SHA-256 of the bytes of the version.
        version: its token.

    Returns:
        Whether it is the decision of that version now.

    Raises:
        StorageError: the storage can't be read or written.
    """
    if not upload.isalnum() or not upload.isascii():
        return False
    record: dict[str, Any] = {}

    def taken(text: bytes | None) -> bytes | None:
        record.clear()
        told = {} if text is None else json.loads(text)
        if told.get("digest") != digest or told["version"] not in ("", version):
            return None
        record.update(told["record"])
        if told["version"]:
            return None
        return json.dumps({**told, "version": version}, indent=2).encode()

    store.update(_name(month, upload), taken)
    if record:
        # Again where it is done already: whoever took it may have been killed before this.
        keep_decision(store, month, version, record)
    return bool(record)


def _name(month: BillingMonth, upload: str) -> str:
    return f"announced/{month}/{upload}.json"
