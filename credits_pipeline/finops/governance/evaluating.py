"""Applies policies to a table of resources: broken, clean, or not known, with a sentence each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from credits_pipeline.finops.governance.fence import Fence, FenceError, Limits
from credits_pipeline.finops.governance.functions import known
from credits_pipeline.finops.governance.gate import expression
from credits_pipeline.finops.governance.language import ALL_TAGS, ASKED, Kind
from credits_pipeline.finops.governance.pieces import Piece, quoted
from credits_pipeline.finops.governance.policy import Policy

#: The database's words for verdicts.
_TRUE = "true"


class Asking(Protocol):
    """Something that answers SQL made by the gate."""

    def ask(self, sql: str) -> list[list[Any]]:
        """The rows of an answer."""
        ...


@dataclass(frozen=True)
class Outcome:
    """The result of one policy.

    Attributes:
        policy: which.
        broken: the sentence of each resource that breaks it, by its number in the table.
        not_known: numbers of resources that can't be judged.
        clean: how many others there are.
        error: why it could not be evaluated; empty if it was.
    """

    policy: Policy
    broken: Mapping[int, str] = field(default_factory=dict)
    not_known: frozenset[int] = frozenset()
    clean: int = 0
    error: str = ""


def evaluate(policies: Sequence[Policy], file: Path, limits: Limits | None = None) -> list[Outcome]:
    """Apply each policy to every resource that it is about.

    Args:
        policies: that came through the gate.
        file: the table, as `resources.write_table` writes it.
        limits: of each.
    """
    with Fence(file, limits) as fence:
        return [_outcome(policy, fence) for policy in policies]


def _outcome(policy: Policy, asking: Asking) -> Outcome:
    try:
        return one(policy, asking)
    except FenceError as error:
        return Outcome(policy, error=str(error))


def one(policy: Policy, asking: Asking) -> Outcome:
    """Apply one policy.

    Raises:
        FenceError: it exceeds its limits, or can't be computed.
    """
    sentence = policy.sentence
    assert sentence is not None  # noqa: S101 - what is off is not asked
    found = asking.ask(sql_of(policy))
    counted = asking.ask(f"SELECT COUNT(*) FROM resources WHERE {_about(policy)}")  # noqa: S608 - of the gate
    broken: dict[int, str] = {}
    not_known = set()
    for number, verdict, *values in found:
        if verdict == _TRUE:
            broken[int(number)] = sentence.filled(values)
        else:
            not_known.add(int(number))
    clean = int(counted[0][0]) - len(broken) - len(not_known)
    return Outcome(policy, broken, frozenset(not_known), clean)


def sql_of(policy: Policy) -> str:
    """The query: the resources that break it, and those that can't be judged."""
    assert policy.rule is not None and policy.sentence is not None  # noqa: S101, PT018 - as above
    values = "".join(
        f", CAST({place.gated.sql} AS VARCHAR) AS v{at}"
        for at, place in enumerate(policy.sentence.places)
    )
    names = "".join(f", v{at}" for at in range(len(policy.sentence.places)))
    return (
        f"SELECT number, CAST(verdict AS VARCHAR){names} FROM ("  # noqa: S608 - of the gate
        f"SELECT number, {_verdict(policy)} AS verdict{values} FROM resources "
        f"WHERE {_about(policy)}) WHERE verdict IS DISTINCT FROM FALSE ORDER BY number"
    )


def _verdict(policy: Policy) -> str:
    """Yes, no or NULL; without the needed evidence a resource is not judged."""
    assert policy.rule is not None  # noqa: S101 - as above
    needs = [name for name in policy.needs if name != ALL_TAGS]
    conditions = []
    if needs:
        conditions.append(known(Piece("", Kind.FLAG, frozenset(needs))))
    if ALL_TAGS in policy.needs:
        conditions.append(
            "(tags IS NOT NULL AND NOT COALESCE(map_contains(not_known, 'tags'), FALSE))"
        )
    if not conditions:
        return policy.rule.sql
    return f"(CASE WHEN {' AND '.join(conditions)} THEN {policy.rule.sql} END)"


def _about(policy: Policy) -> str:
    """Which resources it is about; always yes or no."""
    kinds = [_kind(one) for one in policy.applies_to]
    conditions = [] if "TRUE" in kinds else [f"({' OR '.join(kinds)})"]
    for word, values in policy.scope.items():
        of = word if word in ASKED else f"tag({quoted(word)})"
        wanted = ", ".join(quoted(value) for value in values)
        conditions.append(f"COALESCE({expression(of).sql} IN ({wanted}), FALSE)")
    return " AND ".join(conditions) or "TRUE"


def _kind(kind: str) -> str:
    if kind == "*":
        return "TRUE"
    if kind.endswith(".*"):
        return f"starts_with(kind, {quoted(kind[:-1])})"
    return f"kind = {quoted(kind)}"
