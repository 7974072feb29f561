"""A statement about a month's rows, passed or not, with its numbers: what Dagster's checks show."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

#: A person sees this many examples of a fault, and their total number.
SHOWN = 20


@dataclass(frozen=True)
class Check:
    """A statement of `CHECKS` and whether it passed.

    Attributes:
        blocking: if it did not pass, the month keeps its current version.
        says: one sentence with the numbers, and what to do if it did not pass.
        cases: where: file, row, column, text.
        passes: it may pass later without anybody's help.
    """

    name: str
    passed: bool
    says: str
    blocking: bool = True
    numbers: dict[str, str | int] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    passes: bool = False

    @property
    def stops(self) -> bool:
        """Whether the month keeps its last version because of this."""
        return self.blocking and not self.passed

    def accepted(self) -> "Check":
        """The same, reported but no longer blocking, because a person accepted it."""
        return replace(self, blocking=False, says=f"{self.says} Accepted by hand.")

    def to_data(self) -> dict[str, Any]:
        """As plain data for ``version.json``."""
        return {**asdict(self), "cases": list(self.cases)}


def held(name: str, says: str, *, blocking: bool = True, **numbers: str | int) -> Check:
    """A statement that passed."""
    return Check(name, True, says, blocking, numbers)  # noqa: FBT003 - it held
