"""The functions that a rule may call, each with the SQL that it becomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from credits_pipeline.finops.governance.language import ALL_TAGS, ASKED, Kind
from credits_pipeline.finops.governance.pieces import Piece, build, quoted
from credits_pipeline.finops.governance.refusal import RefusedError

#: Functions with their own node kinds in the parser, by the name that people write.
_OWN: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Coalesce: "coalesce",
    exp.Contains: "contains",
    exp.EndsWith: "ends_with",
    exp.Length: "length",
    exp.Lower: "lower",
    exp.RegexpLike: "regexp_matches",
    exp.StartsWith: "starts_with",
    exp.Upper: "upper",
}


@dataclass(frozen=True)
class Function:
    """One function.

    Attributes:
        name: as rules write it.
        takes: the kind of each argument; empty if it takes several of one kind.
        gives: the kind of its value.
        meaning: one line for people.
        takes_list: it takes keys of tags.
        last_is_text: its last argument is written, not computed.
    """

    name: str
    takes: tuple[Kind, ...]
    gives: Kind
    meaning: str
    takes_list: bool = False
    last_is_text: bool = False

    def of(self, given: Sequence[Piece]) -> Piece:
        """The SQL of a call.

        Raises:
            RefusedError: it can't be called like that.
        """
        if self.name == "coalesce":
            return _coalesce(given)
        if tuple(piece.kind for piece in given) != self.takes:
            raise RefusedError(
                f"{self.name} is called with {_listed(given)}", f"it is {self.example}"
            )
        if self.last_is_text and given[-1].text is None:
            raise RefusedError(f"the pattern of {self.name} is computed", "write it as a text")
        told = ", ".join(piece.sql for piece in given)
        return build(self.gives, f"{self.name}({told})", *given)

    def of_keys(self, keys: Sequence[str]) -> Piece:
        """The SQL of a call about tags."""
        wanted = [key.strip().casefold() for key in keys]
        if self.name in ("tag", "has_tag") and len(wanted) != 1:
            raise RefusedError(f"{self.name} takes one key", f"write {self.name}('team')")
        made = _OF_TAGS[self.name](wanted)
        return Piece(made, self.gives, tags=frozenset(wanted))

    @property
    def example(self) -> str:
        """An example call."""
        if self.takes_list:
            return f"{self.name}('team')"
        return f"{self.name}({', '.join(self.takes) or 'values of one kind'})"


_T, _N, _F = Kind.TEXT, Kind.NUMBER, Kind.FLAG
FUNCTIONS: Mapping[str, Function] = {
    one.name: one
    for one in (
        Function("abs", (_N,), _N, "a number without its sign"),
        Function("coalesce", (), _T, "the first value that is not NULL"),
        Function("contains", (_T, _T), _F, "whether a text contains another"),
        Function("ends_with", (_T, _T), _F, "whether a text ends with another"),
        Function("has_tag", (_T,), _F, "whether there is a tag with a value", takes_list=True),
        Function("has_tags", (_T,), _F, "whether all of these tags are there", takes_list=True),
        Function("length", (_T,), _N, "characters of a text"),
        Function("lower", (_T,), _T, "a text in lower case"),
        Function("missing_tags", (_T,), _T, "those that are missing", takes_list=True),
        Function("regexp_matches", (_T, _T), _F, "whether a pattern is found", last_is_text=True),
        Function("starts_with", (_T, _T), _F, "whether a text begins with another"),
        Function("tag", (_T,), _T, "the value of a tag", takes_list=True),
        Function("upper", (_T,), _T, "a text in upper case"),
    )
}


def called(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    """The name of a called function, and its arguments."""
    if type(node) is exp.Anonymous and isinstance(node.this, str):
        return node.this.lower(), list(node.expressions)
    name = _OWN.get(type(node), "")
    if not name:
        told = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__
        return str(told).lower(), []
    given = [node.this, node.args.get("expression"), *(node.args.get("expressions") or ())]
    known_args = {"this", "expression", "expressions"}
    if any(value for key, value in node.args.items() if key not in known_args | _HARMLESS):
        raise RefusedError(f"{name} is called with too many values", FUNCTIONS[name].example)
    return name, [one for one in given if one is not None]


#: What the parser records about a function without effect on the translation.
_HARMLESS = {"is_null", "is_nvl", "json_scope", "full_match"}


def known(piece: Piece) -> str:
    """Whether all evidence that a piece reads is known, as SQL; always yes or no."""
    found = [_column_known(name) for name in sorted(piece.columns) if ASKED[name].is_evidence]
    found += [_tag_known(key) for key in sorted(piece.tags)]
    return f"({' AND '.join(found)})" if found else "TRUE"


def _column_known(name: str) -> str:
    if not ASKED[name].may_be_none:
        return f"({name} IS NOT NULL)"
    return (
        f"({name} IS NOT NULL OR (seen_at IS NOT NULL AND "
        f"NOT COALESCE(map_contains(not_known, {quoted(name)}), FALSE)))"
    )


def _tag_known(key: str) -> str:
    return (
        f"(COALESCE(map_contains({ALL_TAGS}, {quoted(key)}), FALSE) OR ({ALL_TAGS} IS NOT NULL AND "
        f"NOT COALESCE(map_contains(not_known, {quoted(ALL_TAGS)}), FALSE)))"
    )


def _coalesce(given: Sequence[Piece]) -> Piece:
    if len(given) < 2 or len({piece.kind for piece in given}) != 1:  # noqa: PLR2004 - two at least
        raise RefusedError(
            f"coalesce is called with {_listed(given)}", "it takes values of one kind, two or more"
        )
    told = ", ".join(piece.sql for piece in given)
    both = build(given[0].kind, told, *given)
    return build(given[0].kind, f"CASE WHEN {known(both)} THEN COALESCE({told}) END", *given)


def _value_of(key: str) -> str:
    # An empty value is what people write when they mean none.
    return f"NULLIF(TRIM({ALL_TAGS}[{quoted(key)}]), '')"


def _has(key: str) -> str:
    return f"(CASE WHEN {_tag_known(key)} THEN {_value_of(key)} IS NOT NULL END)"


def _missing(keys: Sequence[str]) -> str:
    each = ", ".join(f"CASE WHEN NOT {_has(key)} THEN {quoted(key)} END" for key in keys)
    return f"concat_ws(', ', {each})"


_OF_TAGS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "tag": lambda keys: f"({_value_of(keys[0])})",
    "has_tag": lambda keys: _has(keys[0]),
    "has_tags": lambda keys: f"({' AND '.join(map(_has, keys))})",
    "missing_tags": lambda keys: f"({_missing(keys)})",
}


def _listed(given: Sequence[Piece]) -> str:
    return ", ".join(piece.kind for piece in given) or "nothing"
