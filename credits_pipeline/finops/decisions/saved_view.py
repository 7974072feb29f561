"""A saved view: a name for a scope, for oneself or for everybody."""

from collections.abc import Mapping
from typing import Any

from credits_pipeline.finops.decisions.fields import (
    NEEDED,
    Field,
    read_fields,
    scope_words,
    text,
    yes_no,
)
from credits_pipeline.finops.decisions.kind import ItemKind

KIND = "view"
#: Letters of a view's name.
MOST_NAME = 80
_FIELDS = (
    Field("name", text(MOST_NAME), NEEDED),
    Field("owner", text(320), NEEDED),
    Field("shared", yes_no, NEEDED),
    Field("words", scope_words, NEEDED),
)


def _check(_: str, body: Mapping[str, Any]) -> None:
    read_fields(_FIELDS, body)


DECIDED = ItemKind(KIND, _check, "saved views")
