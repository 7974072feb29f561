"""The sentence of a violation: text with placeholders, each a value that passed the gate.

``CPU at most {cpu_max_14d:.1f} %`` shows a number with one decimal. The value of a placeholder is
text from outside: it is inserted as text, and shown through the one gate for such texts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from credits_pipeline.finops.governance.gate import Gated, expression
from credits_pipeline.finops.governance.language import Kind
from credits_pipeline.finops.governance.pieces import Value
from credits_pipeline.finops.governance.refusal import RefusedError
from credits_pipeline.text import Outside

_PLACE = re.compile(r"\{([^{}]*)\}")
_FORM = re.compile(r",?(\.\d)?f|,?d")
_LONGEST = 500
_LONGEST_VALUE = 200
#: Shown if there is no value.
NOTHING = "not known"


@dataclass(frozen=True)
class Placeholder:
    """One place of a sentence.

    Attributes:
        gated: the value.
        form: of a number, such as ``.1f``; empty for no form.
    """

    gated: Gated
    form: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a policy.

    Attributes:
        texts: the parts between the places; one more than these.
        places: in order.
    """

    texts: tuple[str, ...]
    places: tuple[Placeholder, ...]

    @classmethod
    def parse(cls, text: str, values: Mapping[str, Value] | None = None) -> "Sentence":
        """Read a sentence.

        Raises:
            RefusedError: a placeholder is not a value that a rule may read.
        """
        if not text.strip() or len(text) > _LONGEST:
            raise RefusedError(
                f"the sentence has {len(text.strip())} characters", f"write 1 to {_LONGEST}"
            )
        pieces = _PLACE.split(text)
        if any(brace in one for one in pieces[::2] for brace in "{}"):
            raise RefusedError(
                "the sentence has an unmatched bracket { or }",
                "write a placeholder as {cost_month}",
            )
        places = tuple(_place(one, values) for one in pieces[1::2])
        return cls(tuple(pieces[::2]), places)

    def filled(self, found: Sequence[str | None]) -> str:
        """The sentence with its values, on one line."""
        told = self.texts[0]
        for place, value, text in zip(self.places, found, self.texts[1:], strict=True):
            told += _shown(value, place.form) + text
        return Outside(told).line()


def _place(text: str, values: Mapping[str, Value] | None) -> Placeholder:
    asked, colon, form = text.rpartition(":")
    if not colon or not _FORM.fullmatch(form.strip()):
        asked, form = text, ""
    try:
        gated = expression(asked, values)
    except RefusedError as error:
        raise RefusedError(f"the placeholder {{{text[:60]}}}: {error.what}", error.to_do) from None
    if form and gated.kind is not Kind.NUMBER:
        raise RefusedError(f"the placeholder {{{text[:60]}}} is {gated.kind}", f"leave :{form} out")
    return Placeholder(gated, form.strip())


def _shown(value: str | None, form: str) -> str:
    if value is None:
        return NOTHING
    if not form:
        return Outside(_short(value)).line(_LONGEST_VALUE)
    try:
        number = Decimal(value)
        return format(int(number) if form.endswith("d") else number, form)
    except (InvalidOperation, ValueError, OverflowError):
        return Outside(value).line(_LONGEST_VALUE)  # infinite, for one


def _short(value: str) -> str:
    """Money has 18 decimals, of which trailing zeros are removed."""
    if re.fullmatch(r"-?\d+\.\d+", value):
        return value.rstrip("0").rstrip(".")
    return value
