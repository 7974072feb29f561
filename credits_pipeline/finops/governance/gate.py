"""The gate of rules: a person's text becomes SQL that consists only of listed pieces.

The text is parsed, and every node of its tree is translated by a function that is listed for
exactly that kind of node; anything else is refused by name. The translation is what runs. It
consists of our names and functions and quoted literals, never of the text itself.

A translation never turns "not known" into yes or no: it answers only if the answer is the same for
any value of the missing evidence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from credits_pipeline.finops.governance.language import ASKED, Kind
from credits_pipeline.finops.governance.pieces import Piece, Value, literal, quoted
from credits_pipeline.finops.governance.refusal import RefusedError, allowed
from credits_pipeline.finops.governance.translating import Translator

_MOST_LETTERS = 4_000
_MOST_TOKENS = 600
_DEEPEST = 24
_CLASS = re.compile(r"<class '[\w.]*?(\w+)'>")
_SELECT = "SELECT\n"
_OPENING = {"L_PAREN": 1, "L_BRACKET": 1, "L_BRACE": 1, "R_PAREN": -1, "R_BRACKET": -1,
            "R_BRACE": -1}  # fmt: skip


@dataclass(frozen=True)
class Gated:
    """A translated piece.

    Attributes:
        sql: what is run.
        kind: of its value.
        columns: that it reads.
        tags: keys of tags that it reads.
    """

    sql: str
    kind: Kind
    columns: frozenset[str]
    tags: frozenset[str]


def predicate(text: str, values: Mapping[str, Value] | None = None) -> Gated:
    """A rule: its answer for a resource is yes, no, or not known.

    Args:
        text: one predicate, as in a WHERE clause.
        values: names that stand for a text, a number or a list of them.

    Raises:
        RefusedError: naming what is refused, where, and what is allowed.
    """
    found = expression(text, values)
    if found.kind is not Kind.FLAG:
        raise RefusedError(
            f"it is {found.kind}, and a rule has to be yes or no",
            f"compare it, such as {_example(found)}",
        )
    return found


def expression(text: str, values: Mapping[str, Value] | None = None) -> Gated:
    """One value, as a rule's sentence shows it.

    Raises:
        RefusedError: as `predicate`.
    """
    _measure(text)
    try:
        tree = _parsed(text)
        piece = Translator(named(values or {})).translate(tree)
    except RecursionError:
        raise RefusedError("it is nested too deeply", "write it with fewer brackets") from None
    return Gated(piece.sql, piece.kind, piece.columns, piece.tags)


def _measure(text: str) -> None:
    """Refuse what would take long to parse, before it is parsed."""
    if not text.strip():
        raise RefusedError("it is empty", "write a condition, such as cost_month > 100")
    if len(text) > _MOST_LETTERS:
        raise RefusedError(
            f"it has {len(text)} characters", f"a rule has at most {_MOST_LETTERS}: write two"
        )
    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except SqlglotError as error:
        raise RefusedError(f"it can't be read: {_first(error)}", "correct the text") from None
    if len(tokens) > _MOST_TOKENS:
        raise RefusedError(
            f"it has {len(tokens)} words and signs", f"a rule has at most {_MOST_TOKENS}"
        )
    depth = 0
    for token in tokens:
        depth += _OPENING.get(token.token_type.name, 0)
        if depth > _DEEPEST:
            raise RefusedError(
                f"its brackets are nested more than {_DEEPEST} deep", "write it with fewer"
            )


def _parsed(text: str) -> exp.Expr:
    """The tree of one value."""
    try:
        statements = sqlglot.parse(_SELECT + text, read="duckdb")
    except SqlglotError as error:
        raise _unreadable(error) from None
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser that fails on a text has not read it
        raise RefusedError(
            f"it can't be read ({type(error).__name__})", "write it more simply"
        ) from None
    tree = statements[0] if len(statements) == 1 else None
    if not isinstance(tree, exp.Select):
        raise RefusedError(
            "it is not one condition", ("write only the condition, without a statement around it")
        )
    for name, value in tree.args.items():
        if value and name != "expressions":
            raise RefusedError(
                f"it holds {name.replace('_', ' ').strip().upper()}",
                "a rule is only a condition: it always applies to the table of resources",
            )
    if len(tree.expressions) != 1:
        raise RefusedError(
            f"it is {len(tree.expressions)} values", "a rule is one condition: join with and, or"
        )
    found: exp.Expr = tree.expressions[0]
    return found


def _unreadable(error: SqlglotError) -> RefusedError:
    found = getattr(error, "errors", None) or [{}]
    first = found[0]
    line, column = first.get("line"), first.get("col")
    where = f" in line {line - 1}, column {column}" if line and line > 1 else ""
    near = first.get("highlight") or ""
    at = f" at {near!r}" if near else ""
    return RefusedError(
        f"it can't be read{where}{at}: {_plainly(first.get('description') or _first(error))}",
        "correct the text; a rule looks like cpu_max_14d < 5 and cost_month > 10",
    )


def _plainly(text: str) -> str:
    """The parser's own message without its class names."""
    return _CLASS.sub(lambda found: found[1].upper(), text)


def _first(error: SqlglotError) -> str:
    return str(error).splitlines()[0][:200]


def named(values: Mapping[str, Value]) -> dict[str, Piece | tuple[Piece, ...]]:
    """The values named beside a rule, as literals.

    Raises:
        RefusedError: a name or a value can't be used.
    """
    found: dict[str, Piece | tuple[Piece, ...]] = {}
    for name, value in values.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name in ASKED:
            raise RefusedError(
                f"the value {name!r} has no usable name",
                "use lower-case letters, digits and _, and no column's name",
            )
        found[name] = _many(name, value) if isinstance(value, Sequence) and not isinstance(
            value, str
        ) else literal(value)  # fmt: skip
    return found


def _many(name: str, values: Sequence[Value]) -> tuple[Piece, ...]:
    pieces = tuple(literal(one) for one in values)
    if len({piece.kind for piece in pieces}) > 1:
        raise RefusedError(f"the list {name} mixes texts and numbers", "use one kind only")
    return pieces


def _example(found: Gated) -> str:
    column = next(iter(sorted(found.columns)), "cost_month")
    return f"{column} < 5" if found.kind is Kind.NUMBER else f"{column} = 'some text'"


__all__ = ["Gated", "RefusedError", "allowed", "expression", "named", "predicate", "quoted"]
