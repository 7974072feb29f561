"""The current policies: those that come with the product, and people's decisions about them.

They are items of the kind `KIND`. A person's policy with a built-in's id replaces it; removing it
restores the built-in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Protocol

import yaml

from credits_pipeline.finops.decisions import Author, Item
from credits_pipeline.finops.decisions.body import canonical
from credits_pipeline.finops.governance.policy import Origin, Policy, PolicyError

KIND = "policy"


class Items(Protocol):
    """The part of the decisions that is used here."""

    def items(self, kind: str) -> list[Item]:
        """Every thing of a kind."""
        ...

    def item(self, kind: str, id_: str) -> Item | None:
        """One thing."""

    def put(
        self, kind: str, id_: str, body: Mapping[str, Any], *, by: Author, expected: int | None,
        why: str = "",
    ) -> Item:  # fmt: skip
        """Write a thing."""
        ...

    def delete(self, kind: str, id_: str, *, by: Author, expected: int, why: str = "") -> None:
        """Take a thing away."""


@dataclass(frozen=True)
class Kept:
    """A policy with its stored form.

    Attributes:
        policy: its meaning.
        body: as written.
        version: in the store; None for an unchanged built-in.
        by: who wrote it last; empty for a built-in.
    """

    policy: Policy
    body: Mapping[str, Any]
    version: int | None = None
    by: str = ""


@dataclass(frozen=True)
class Policies:
    """All policies, and those that can't be used.

    Attributes:
        kept: by id, the built-ins first.
        broken: id and why, of policies that another release or a file made unusable.
    """

    kept: Mapping[str, Kept]
    broken: Mapping[str, str]

    @property
    def enabled(self) -> tuple[Policy, ...]:
        """Those that are evaluated."""
        return tuple(one.policy for one in self.kept.values() if one.policy.enabled)


@cache
def builtin_bodies() -> dict[str, dict[str, Any]]:
    """The built-in policies by id, as they are written."""
    text = (files(__package__) / "builtins.yaml").read_text("utf-8")
    return {one.pop("id"): one for one in yaml.safe_load(text)["policies"]}


def policies(items: Items | None) -> Policies:
    """The current policies.

    Args:
        items: the decisions; None if there are none.
    """
    return of_bodies(
        {item.id: (item.body, item.version, item.updated_by) for item in items.items(KIND)}
        if items is not None
        else {}
    )


def of_bodies(decided: Mapping[str, tuple[Mapping[str, Any], int, str]]) -> Policies:
    """The policies, given the decisions.

    Args:
        decided: body, version and author by id.
    """
    kept: dict[str, Kept] = {}
    broken: dict[str, str] = {}
    for id_, body in builtin_bodies().items():
        if id_ not in decided:
            kept[id_] = Kept(_policy(id_, canonical(body), "built in"), body)
    for id_, (written, version, by) in decided.items():
        try:
            origin: Origin = "built in" if id_ in builtin_bodies() else "own"
            kept[id_] = Kept(_policy(id_, canonical(written), origin), written, version, by)
        except PolicyError as error:
            broken[id_] = str(error)
    order = {id_: at for at, id_ in enumerate(builtin_bodies())}
    sort = sorted(kept, key=lambda id_: (order.get(id_, len(order)), id_))
    return Policies({id_: kept[id_] for id_ in sort}, broken)


@lru_cache(maxsize=512)
def _policy(id_: str, written: str, origin: Origin) -> Policy:
    """A policy, parsed once: pages ask for all of them with every view."""
    return Policy.of(id_, json.loads(written), origin=origin)


def save(
    items: Items,
    id_: str,
    body: Mapping[str, Any],
    *,
    by: Author,
    expected: int | None,
    why: str = "",
) -> Kept:
    """Store a policy.

    Raises:
        PolicyError: it can't be used.
        ChangedMeanwhileError: somebody else wrote since.
    """
    policy = Policy.of(id_, body)
    item = items.put(KIND, id_, dict(body), by=by, expected=expected, why=why)
    return Kept(policy, item.body, item.version, by.who)


def switch(items: Items, id_: str, *, enabled: bool, by: Author, why: str = "") -> Kept:
    """Turn a policy on or off.

    Raises:
        PolicyError: there is none, or it has a list that must be filled first.
        ChangedMeanwhileError: somebody else wrote since.
    """
    found = policies(items).kept.get(id_)
    if found is None:
        raise PolicyError(id_, "", "there is no such policy", "credits-pipeline policies list")
    body = {**found.body, "enabled": enabled}
    return save(items, id_, body, by=by, expected=found.version, why=why)
