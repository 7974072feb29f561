"""Whether policies are due for evaluation: bills, a scan or a policy changed, or a day has begun.

A scan that becomes outdated is a change as well: what it saw is not known from then on.
"""

from datetime import UTC, datetime

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.scans.holding import holds
from credits_pipeline.finops.scans.shelf import ScanShelf

_RECORD = "governance/{}.json"
_POINTER = "governance/CURRENT.json"
_SCAN = "resources"


def due(depot: Depot, published: str, policies: str, now: datetime) -> str | None:
    """The reason for a run, as the key under which it is started once; None if there is none.

    Args:
        depot: the wing's storage.
        published: the version of the bills.
        policies: digest of the decisions.
        now: the moment.
    """
    scan = _scan(depot, now)
    wanted = (published, scan, policies, f"{now.astimezone(UTC):%Y-%m-%d}")
    pointer = depot.read(_POINTER)
    last = None if pointer is None else depot.read(_RECORD.format(pointer["version"]))
    if last is not None:
        made = (last["published"], last["scanned"], last["policies"], last["at"][:10])
        if made == wanted:
            return None
    return "/".join(wanted)


def _scan(depot: Depot, now: datetime) -> str:
    """The version of the scan that is valid; empty if none is."""
    found = ScanShelf(depot).current(_SCAN)
    return found.version if found is not None and holds(found.as_of, now) else ""
