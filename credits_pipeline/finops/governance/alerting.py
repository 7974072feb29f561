"""What to report about violations of high severity: each new one once, and the end once.

One alert per policy, however many resources break it: a new one among them is reported, one less is
not. It reads what the evaluation stored, and loads no engine.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.address import link
from credits_pipeline.finops.budgets.alerting import Note, Notes
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance.accepting import is_accepted, open_since

SUBJECT = "policy "
_POINTER = "governance/CURRENT.json"
_EXAMPLES = 3


def kept(depot: Depot) -> Sequence[Mapping[str, Any]]:
    """The violations of high severity according to the newest evaluation."""
    pointer = depot.read(_POINTER)
    record = None if pointer is None else depot.read(f"governance/{pointer['version']}.json")
    found: Sequence[Mapping[str, Any]] = () if record is None else record["high"]
    return found


def of_violations(
    high: Sequence[Mapping[str, Any]], said: Mapping[str, State], now: datetime, base: str
) -> Notes:
    """One note for each policy that is broken and not accepted.

    Args:
        high: of `kept`.
        said: people's decisions about violations, by id.
        now: the moment.
        base: the address of the pages; empty if not set.
    """
    by_policy: dict[str, list[tuple[datetime, Mapping[str, Any]]]] = {}
    fine: dict[str, str] = {}
    for one in high:
        since = datetime.fromisoformat(one["since"])
        state = said.get(one["id"])
        if is_accepted(state, since, now):
            fine[SUBJECT + one["policy"]] = "Every violation is fixed or acknowledged."
        else:
            opened = open_since(state, since, now)
            by_policy.setdefault(one["policy"], []).append((opened, one))
    wrong = tuple(_note(policy, found, base) for policy, found in sorted(by_policy.items()))
    told = {note.subject for note in wrong}
    return Notes(wrong, {subject: text for subject, text in fine.items() if subject not in told})


def _note(policy: str, found: list[tuple[datetime, Mapping[str, Any]]], base: str) -> Note:
    newest = max(opened for opened, _ in found)
    new = [one for opened, one in found if opened == newest]
    first = found[0][1]
    examples = "; ".join(f"{one['where']}: {one['says']}" for one in new[:_EXAMPLES])
    more = len(new) - _EXAMPLES
    return Note(
        subject=SUBJECT + policy,
        # The newest of them: when it is fixed, the rest was reported before.
        cause=newest.isoformat(),
        about=f"Policy {first['policy_name']}",
        state=f"{len(new)} new of high severity, {len(found)} open",
        what=examples + (f"; and {more} more" if more > 0 else "") + ".",
        to_do="Fix it, or have an approver acknowledge it.",
        dollars=_dollars([one for _, one in found]),
        address=link("governance", None, base=base, policy=[policy], severity=["high"]),
    )


def _dollars(found: Sequence[Mapping[str, Any]]) -> str:
    costs: dict[str, dict[str, Decimal]] = {}
    for one in found:
        if one["cost_month"] is not None:
            costs.setdefault(one["currency"], {})[one["where"]] = Decimal(one["cost_month"])
    told = [
        f"{sum(each.values(), Decimal(0)):,.2f} {currency} a month"
        for currency, each in sorted(costs.items())
    ]
    return " and ".join(told)
