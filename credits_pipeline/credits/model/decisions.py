"""What a person may decide about one version of a file, and what applies where nobody did.

A decision belongs to the version it was made for (design decision 8): every later run of that
version follows it, and a new version starts without it.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

Duplicates = Literal["first", "sum", "reject"]
Signs = Literal["auto", "as_is", "flipped"]


@dataclass(frozen=True)
class Decisions:
    """The decisions under which a file is judged; the defaults are the product's rule.

    Attributes:
        duplicates: what to do with a second row for an account: ``first`` keeps the first and
            leaves later ones out, ``sum`` adds them up, ``reject`` blocks the file.
        signs: ``auto`` takes a file wholly of one sign as credits and blocks on both signs;
            ``as_is`` reads each amount by its layout's convention, so that claw-backs stay
            claw-backs; ``flipped`` reads the whole file against its layout's convention.
        accept_rejected: send the rows that could be read and leave the others out.
        accept_change: send although the month changes more than the hold's limits allow.
        clear_month: withdraw the month: zero-cost rows for every account that the stream holds.
    """

    duplicates: Duplicates = "first"
    signs: Signs = "auto"
    accept_rejected: bool = False
    accept_change: bool = False
    clear_month: bool = False

    def amended(self, **decided: Any) -> "Decisions":
        """These decisions with those that a person made; ``None`` means not decided.

        Raises:
            TypeError: a name that is not a decision.
        """
        return replace(
            self, **{name: value for name, value in decided.items() if value is not None}
        )

    @property
    def in_force(self) -> dict[str, Any]:
        """Those that differ from the product's rule, by name."""
        rule = Decisions()
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != getattr(rule, field.name)
        }
