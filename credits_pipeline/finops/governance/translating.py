"""From a parsed rule to our SQL: one function for each allowed kind of node."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from credits_pipeline.finops.governance import functions, pieces
from credits_pipeline.finops.governance.functions import FUNCTIONS, known
from credits_pipeline.finops.governance.language import ALL_TAGS, ASKED, Kind
from credits_pipeline.finops.governance.pieces import Piece, build
from credits_pipeline.finops.governance.refusal import RefusedError, allowed

_DEEPEST = 80
_COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_COMPUTED: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
#: Nodes by their names for people; nodes that are not here are refused.
_NODES: dict[type[exp.Expr], tuple[str, frozenset[str]]] = {
    exp.And: ("and", frozenset({"this", "expression"})),
    exp.Or: ("or", frozenset({"this", "expression"})),
    exp.Not: ("not", frozenset({"this"})),
    exp.Paren: ("brackets", frozenset({"this"})),
    exp.Neg: ("minus", frozenset({"this"})),
    exp.Is: ("is null", frozenset({"this", "expression"})),
    exp.In: ("in", frozenset({"this", "expressions", "field"})),
    exp.Between: ("between", frozenset({"this", "low", "high"})),
    exp.Like: ("like", frozenset({"this", "expression", "negate"})),
    exp.ILike: ("ilike", frozenset({"this", "expression", "negate"})),
    exp.Bracket: ("tags['key']", frozenset({"this", "expressions"})),
    exp.Column: ("columns", frozenset({"this"})),
    exp.Literal: ("numbers and texts", frozenset({"this", "is_string"})),
    exp.Boolean: ("true and false", frozenset({"this"})),
    **{node: (sign, frozenset({"this", "expression"})) for node, sign in _COMPARED.items()},
    **{
        node: (sign, frozenset({"this", "expression", "typed", "safe"}))
        for node, sign in _COMPUTED.items()
    },
}
_ALLOWED = ", ".join(dict.fromkeys(name for name, _ in _NODES.values()))
_NULLS = "NULL can only be tested with IS NULL and IS NOT NULL"


class Translator:
    """Translates one rule."""

    def __init__(self, values: Mapping[str, Piece | tuple[Piece, ...]]) -> None:
        """Name what may be named.

        Args:
            values: literals that have names.
        """
        self._values = values
        self._depth = 0
        self._of: dict[type[exp.Expr], Callable[[exp.Expr], Piece]] = {
            exp.And: self._and_or,
            exp.Or: self._and_or,
            exp.Not: self._not,
            exp.Paren: lambda node: self.translate(node.this),
            exp.Neg: self._minus,
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.ILike: self._like,
            exp.Bracket: self._tag,
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: lambda node: pieces.literal(bool(node.this)),
            **dict.fromkeys(_COMPARED, self._compare),
            **dict.fromkeys(_COMPUTED, self._compute),
        }

    def translate(self, node: exp.Expr) -> Piece:
        """A node and its children.

        Raises:
            RefusedError: naming the node, function or column that no rule may contain.
        """
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise RefusedError("it is nested too deeply", "write it with fewer brackets")
            if isinstance(node, exp.Func) and type(node) not in self._of:
                return self._function(node)
            self._check(node)
            return self._of[type(node)](node)
        finally:
            self._depth -= 1

    def _check(self, node: exp.Expr) -> None:
        told = _NODES.get(type(node))
        if told is None:
            raise RefusedError(f"{_named(node)} is not allowed", f"a rule may contain {_ALLOWED}")
        strange = [name for name, value in node.args.items() if value and name not in told[1]]
        if strange:
            raise RefusedError(
                f"{_named(node)} with {strange[0]} is not allowed",
                f"leave that out; a rule may contain {_ALLOWED}",
            )

    def _function(self, node: exp.Expr) -> Piece:
        name, given = functions.called(node)
        if name not in FUNCTIONS:
            raise RefusedError(
                f"the function {name or _named(node)} is not allowed", allowed(name, FUNCTIONS)
            )
        function = FUNCTIONS[name]
        if function.takes_list:
            return function.of_keys(self._keys(name, given))
        return function.of([self.translate(one) for one in given])

    def _keys(self, name: str, given: list[exp.Expr]) -> list[str]:
        """Keys of tags, written one by one or as a list that has a name."""
        found: list[Piece] = []
        for one in given:
            listed = self._values.get(one.name.lower()) if type(one) is exp.Column else None
            found += listed if isinstance(listed, tuple) else [self.translate(one)]
        if not found or any(piece.text is None for piece in found):
            raise RefusedError(
                f"{name} takes keys of tags", f"write them, such as {name}('team', 'owner')"
            )
        return [str(piece.text) for piece in found]

    def _and_or(self, node: exp.Expr) -> Piece:
        word = "AND" if type(node) is exp.And else "OR"
        left, right = (self._flag(one, word) for one in (node.this, node.expression))
        return build(Kind.FLAG, f"{left.sql} {word} {right.sql}", left, right)

    def _not(self, node: exp.Expr) -> Piece:
        found = self._flag(node.this, "NOT")
        return build(Kind.FLAG, f"NOT {found.sql}", found)

    def _flag(self, node: exp.Expr, word: str) -> Piece:
        found = self.translate(node)
        if found.kind is not Kind.FLAG:
            raise RefusedError(
                f"{_told(node)} is {found.kind}, and {word} joins yes and no", "compare it first"
            )
        return found

    def _minus(self, node: exp.Expr) -> Piece:
        found = self.translate(node.this)
        _same(node, found, kind=Kind.NUMBER)
        return Piece(
            f"(-{found.sql})", Kind.NUMBER, found.columns, found.tags, is_literal=found.is_literal
        )

    def _compare(self, node: exp.Expr) -> Piece:
        left, right = self.translate(node.this), self.translate(node.expression)
        _same(node, left, right)
        sign = _COMPARED[type(node)]
        if left.kind is Kind.FLAG and sign not in ("=", "<>"):
            raise RefusedError(f"{_told(node)} compares yes and no by size", "use = or <>")
        return build(Kind.FLAG, f"{left.sql} {sign} {right.sql}", left, right)

    def _compute(self, node: exp.Expr) -> Piece:
        left, right = self.translate(node.this), self.translate(node.expression)
        _same(node, left, right, kind=Kind.NUMBER)
        sign = _COMPUTED[type(node)]
        one, other = (f"CAST({piece.sql} AS DOUBLE)" for piece in (left, right))
        # A division by zero is not known, rather than infinite.
        other = f"NULLIF({other}, 0)" if sign == "/" else other
        return build(Kind.NUMBER, f"{one} {sign} {other}", left, right)

    def _is_null(self, node: exp.Expr) -> Piece:
        if type(node.expression) is not exp.Null:
            raise RefusedError(f"{_told(node)} is not allowed", f"{_NULLS}; write x or not x")
        found = self.translate(node.this)
        return build(Kind.FLAG, f"CASE WHEN {known(found)} THEN {found.sql} IS NULL END", found)

    def _in(self, node: exp.Expr) -> Piece:
        left = self.translate(node.this)
        field = node.args.get("field")
        if field is not None:
            name = field.name.lower() if type(field) is exp.Column else ""
            listed = self._values.get(name)
            if not isinstance(listed, tuple):
                lists = [key for key, value in self._values.items() if isinstance(value, tuple)]
                raise RefusedError(
                    f"{_told(node)}: {_told(field)} is not a list in this policy",
                    f"name one under values{': ' + ', '.join(lists) if lists else ''}, or write "
                    "the list in brackets",
                )
            several = list(listed)
            if not several:
                raise RefusedError(f"the list {name} is empty", "put at least one value into it")
        else:
            several = [self.translate(one) for one in node.expressions]
        if not several or not all(piece.is_literal for piece in several):
            raise RefusedError(
                f"{_told(node)}: IN takes texts or numbers", "write them in brackets"
            )
        _same(node, left, *several)
        return build(
            Kind.FLAG, f"{left.sql} IN ({', '.join(piece.sql for piece in several)})", left
        )

    def _between(self, node: exp.Expr) -> Piece:
        found, low, high = (
            self.translate(one) for one in (node.this, node.args["low"], node.args["high"])
        )
        _same(node, found, low, high)
        return build(
            Kind.FLAG,
            f"{found.sql} >= {low.sql} AND {found.sql} <= {high.sql}",
            found,
            low,
            high,
        )

    def _like(self, node: exp.Expr) -> Piece:
        found, pattern = self.translate(node.this), self.translate(node.expression)
        _same(node, found, pattern, kind=Kind.TEXT)
        if pattern.text is None:
            raise RefusedError(f"{_told(node)}: the pattern is computed", "write it as a text")
        word = "LIKE" if type(node) is exp.Like else "ILIKE"
        negated = "NOT " if node.args.get("negate") else ""
        return build(Kind.FLAG, f"{negated}({found.sql} {word} {pattern.sql})", found)

    def _tag(self, node: exp.Expr) -> Piece:
        is_tags = type(node.this) is exp.Column and node.this.name.lower() == ALL_TAGS
        keys = [self.translate(one) for one in node.expressions]
        if not is_tags or len(keys) != 1 or keys[0].text is None:
            raise RefusedError(f"{_told(node)} is not allowed", "write tags['team']")
        return FUNCTIONS["tag"].of_keys([keys[0].text])

    def _column(self, node: exp.Expr) -> Piece:
        if type(node.this) is not exp.Identifier:
            raise RefusedError(f"{_told(node)} is not allowed", "name a column")
        name = node.name.lower()
        found = self._values.get(name)
        if isinstance(found, Piece):
            return found
        if name in ASKED:
            return Piece(name, ASKED[name].kind, frozenset({name}))
        if isinstance(found, tuple):
            raise RefusedError(f"{name} is a list", f"use it behind IN, such as region in {name}")
        if name == ALL_TAGS:
            raise RefusedError("tags hold many texts", "name one, such as tags['team']")
        raise RefusedError(f"there is no column {name!r}", allowed(name, [*ASKED, *self._values]))

    def _literal(self, node: exp.Expr) -> Piece:
        return pieces.text(node.name) if node.args["is_string"] else pieces.number(node.name)


def _same(node: exp.Expr, *found: Piece, kind: Kind | None = None) -> None:
    wanted = kind or found[0].kind
    for piece in found:
        if piece.kind is not wanted:
            told = "" if kind else f" beside {wanted}"
            raise RefusedError(
                f"{_told(node)} holds {piece.kind}{told}",
                f"use {wanted} there" if kind else "compare values of one kind",
            )


def _named(node: exp.Expr) -> str:
    """A kind of node by its name in messages."""
    return f"{type(node).__name__.upper()} ({_told(node)})"


def _told(node: exp.Expr) -> str:
    try:
        found = node.sql(dialect="duckdb")
    except Exception:  # noqa: BLE001 - what can't be written back is named by its kind
        found = type(node).__name__
    return found if len(found) <= 60 else found[:59] + "…"  # noqa: PLR2004 - of a message
