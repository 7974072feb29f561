"""The current policies and people's decisions about violations, from the store."""

from collections.abc import Mapping
from dataclasses import dataclass

from credits_pipeline.finops.decisions import Snapshot, State
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.governance import book
from credits_pipeline.finops.governance.judging import SUBJECT


@dataclass(frozen=True)
class Decided:
    """What people decided about policies and violations.

    Attributes:
        policies: the current ones.
        said: about violations, by their id.
        digest: of the policies that people wrote.
    """

    policies: book.Policies
    said: Mapping[str, State]
    digest: str


def digest() -> str:
    """The digest of the policies that people wrote, as in `decided`, without reading anything else.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: it can't be read.
    """
    if not are_kept():
        return Snapshot({}).digest
    with open_decisions() as decisions:
        return decisions.snapshot([book.KIND]).digest


def decided() -> Decided:
    """The current state; without a store the built-ins alone.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: it can't be read.
    """
    if not are_kept():
        return Decided(book.policies(None), {}, Snapshot({}).digest)
    with open_decisions() as decisions:
        taken = decisions.snapshot([book.KIND])
        return Decided(book.policies(decisions), decisions.states.of(SUBJECT), taken.digest)
