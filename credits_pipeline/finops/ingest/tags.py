"""Tags: one text of keys and values whatever the provider's form, and one column per tag key."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from credits_pipeline.finops.ingest.sql import literal


class TagSpec(Protocol):
    """A key that becomes a column ``tag_<name>``."""

    @property
    def name(self) -> str:
        """Lower case, as in the column's name."""

    @property
    def aliases(self) -> Sequence[str]:
        """Spellings in the bills, in order of precedence; case and outer blanks don't matter."""


@dataclass(frozen=True)
class TagColumn:
    """A key that becomes a column, with the spellings that mean it."""

    name: str
    aliases: tuple[str, ...]


DEFAULT_TAGS: tuple[TagColumn, ...] = (
    TagColumn("team", ("team",)),
    TagColumn("product", ("product",)),
    TagColumn("environment", ("environment",)),
)


def tag_digest(tags: Iterable[TagSpec]) -> str:
    """A text that differs for other keys, or for other spellings of them."""
    whole = json.dumps([[tag.name, list(tag.aliases)] for tag in tags])
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


#: A key, a colon, and something other than text: FOCUS allows numbers, booleans and null.
_NOT_ALL_TEXT = r'"\s*:\s*[^"\s]'


def tags_of_text(column: str) -> str:
    """SQL: a cell of JSON (with or without its braces) as a JSON object of texts, or NULL."""
    bare = f"'{{' || {column} || '}}'"
    return (
        f"CASE WHEN {column} IS NULL OR trim({column}) IN ('', '{{}}') THEN NULL "
        f"WHEN starts_with(ltrim({column}), '{{') THEN "
        f"CASE WHEN NOT json_valid({column}) THEN NULL "
        f"WHEN regexp_matches({column}, {literal(_NOT_ALL_TEXT)}) THEN {_as_texts(column)} "
        f"ELSE {column} END "
        f"WHEN json_valid({bare}) THEN {bare} END"
    )


def tags_of_pairs(column: str) -> str:
    """SQL: a list of structs ``key`` and ``value``, or the entries of a map, as a JSON object."""
    pair = "to_json(trim(e.key)) || ':' || to_json(coalesce(CAST(e.value AS VARCHAR), ''))"
    return (
        f"CASE WHEN {column} IS NULL OR len({column}) = 0 THEN NULL ELSE "
        f"'{{' || array_to_string(list_transform({column}, lambda e: {pair}), ',') || '}}' END"
    )


def tag_columns(tags: Iterable[TagSpec], column: str) -> list[str]:
    """SQL: for each key its value among the tags in a column, or NULL."""
    return [f"{_value(tag, column)} AS {_quoted(f'tag_{tag.name}')}" for tag in tags]


def _value(tag: TagSpec, column: str) -> str:
    """Known spellings are looked up; other cases of them are searched for.

    Looking up is several times faster than parsing every row's tags.
    """
    aliases = [alias.strip().casefold() for alias in tag.aliases] or [tag.name]
    spellings = [
        spelling
        for alias in aliases
        for spelling in dict.fromkeys((alias, alias.title(), alias.upper()))
    ]
    paths = ", ".join(literal(f'$."{spelling}"') for spelling in spellings if '"' not in spelling)
    found = f"list_filter(json_extract_string({column}, [{paths}]), lambda v: v IS NOT NULL)[1]"
    either = "|".join(_pattern(alias) for alias in aliases)
    searched = ", ".join(
        f"list_filter(map_entries({_as_map(column)}), "
        f"lambda e: lower(trim(e.key)) = {literal(alias)})[1].value"
        for alias in aliases
    )
    anywhere = literal(rf'(?i)"\s*(?:{either})\s*"\s*:')
    return (
        f"nullif(trim(coalesce({found}, CASE WHEN regexp_matches({column}, {anywhere}) "
        f"THEN coalesce({searched}) END)), '')"
    )


def _as_map(column: str) -> str:
    return f"TRY_CAST(TRY_CAST({column} AS JSON) AS MAP(VARCHAR, VARCHAR))"


def _as_texts(column: str) -> str:
    # A duplicate key makes no map: then the text stays as it came.
    return (
        f"coalesce(CAST(to_json(map_from_entries(list_transform(map_entries({_as_map(column)}), "
        f"lambda e: {{'key': e.key, 'value': coalesce(e.value, '')}}))) AS VARCHAR), {column})"
    )


def _pattern(alias: str) -> str:
    return "".join(
        letter if letter.isalnum() else f"[{letter}]" if letter not in "^]\\" else f"\\{letter}"
        for letter in alias
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
