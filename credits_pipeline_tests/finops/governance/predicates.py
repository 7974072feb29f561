"""Random rules, each with an independent evaluator that says what the rule means for a resource.

The evaluator shares nothing with the product: it walks the tree from which the text was written, by
Kleene's three-valued logic. UNSEEN is what a scan did not see; None means that there is none.
"""

import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

UNSEEN = object()
Row = Mapping[str, Any]

NUMBERS = ("cpu_max_14d", "age_days", "gpus", "stopped_days", "cost_month")
TEXTS = ("name", "region", "state", "instance_type")
FLAGS = ("attached", "has_expiry")
KEYS = ("team", "environment", "cost-center")
WORDS = ("", "a", "eu-west-1", "running", "team's", "%", "x_y", "Ä")
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A part of a rule.

    Attributes:
        text: as a person writes it.
        says: its value for a row, None for NULL.
        reads: the columns and tags that it reads.
    """

    text: str
    says: Callable[[Row], Any]
    reads: frozenset[str] = frozenset()


def _column(name: str) -> Rule:
    def says(row: Row) -> Any:
        found = row[name]
        return None if found is UNSEEN else found

    return Rule(name, says, frozenset({name}))


def _tag(key: str, spelling: int) -> Rule:
    def says(row: Row) -> Any:
        found = row[f"tag {key}"]
        return None if found is UNSEEN or not (found or "").strip(" ") else found.strip(" ")

    shouted = key.upper()
    text = [f"tags['{key}']", f"tag('{shouted}')", f"tags['{shouted}']"][spelling % 3]
    return Rule(text, says, frozenset({f"tag {key}"}))


def _has(key: str) -> Rule:
    tag = _tag(key, 0)

    def says(row: Row) -> Any:
        return None if row[f"tag {key}"] is UNSEEN else tag.says(row) is not None

    return Rule(f"has_tag('{key}')", says, tag.reads)


def _number(value: int) -> Rule:
    return Rule(str(value) if value >= 0 else f"({value})", lambda _: value)


def _text(value: str) -> Rule:
    return Rule("'" + value.replace("'", "''") + "'", lambda _: value)


def _strict(text: str, of: Callable[..., Any], *parts: Rule) -> Rule:
    """Any operation on NULL is NULL."""

    def says(row: Row) -> Any:
        values = [part.says(row) for part in parts]
        return None if any(value is None for value in values) else of(*values)

    return Rule(text, says, frozenset().union(*(part.reads for part in parts)))


def _compare(sign: str, left: Rule, right: Rule) -> Rule:
    return _strict(f"{left.text} {sign} {right.text}", _COMPARES[sign], left, right)


def _in(left: Rule, values: Sequence[Rule]) -> Rule:
    wanted = [value.says({}) for value in values]
    text = f"{left.text} in ({', '.join(value.text for value in values)})"
    return _strict(text, lambda value: value in wanted, left)


def _between(left: Rule, low: Rule, high: Rule) -> Rule:
    def says(row: Row) -> Any:
        found, least, most = left.says(row), low.says(row), high.says(row)
        above = None if None in (found, least) else found >= least
        below = None if None in (found, most) else found <= most
        return _all(above, below)

    reads = left.reads | low.reads | high.reads
    return Rule(f"{left.text} between {low.text} and {high.text}", says, reads)


def _null(part: Rule, *, negated: bool) -> Rule:
    def says(row: Row) -> Any:
        # Whether there is one is known only if everything that it is made of was seen.
        if any(row[name] is UNSEEN for name in part.reads):
            return None
        return (part.says(row) is None) is not negated

    return Rule(f"{part.text} is {'not ' if negated else ''}null", says, part.reads)


def _coalesce(part: Rule, other: Rule) -> Rule:
    def says(row: Row) -> Any:
        if any(row[name] is UNSEEN for name in part.reads | other.reads):
            return None
        found = part.says(row)
        return other.says(row) if found is None else found

    return Rule(f"coalesce({part.text}, {other.text})", says, part.reads | other.reads)


def _all(*values: bool | None) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _and(left: Rule, right: Rule) -> Rule:
    return Rule(
        f"({left.text} and {right.text})",
        lambda row: _all(left.says(row), right.says(row)),
        left.reads | right.reads,
    )


def _or(left: Rule, right: Rule) -> Rule:
    def says(row: Row) -> Any:
        values = (left.says(row), right.says(row))
        return True if True in values else None if None in values else False

    return Rule(f"({left.text} OR {right.text})", says, left.reads | right.reads)


def _not(part: Rule) -> Rule:
    return _strict(f"(not {part.text})", operator.not_, part)


def _pattern(word: str, left: Rule, start: str) -> Rule:
    quoted = start.replace("'", "''")
    if word == "like":
        # A pattern of one text with a % at its end matches what starts with the text.
        plain = start.replace("%", "").replace("_", "")
        text = plain.replace("'", "''")
        return _strict(f"{left.text} like '{text}%'", lambda value: value.startswith(plain), left)
    of = {"starts_with": str.startswith, "ends_with": str.endswith, "contains": str.__contains__}
    return _strict(f"{word}({left.text}, '{quoted}')", lambda v: of[word](v, start), left)


_numbers = st.one_of(st.sampled_from(NUMBERS).map(_column), st.integers(-3, 40).map(_number))


def _computed(children: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    def divided(left: Rule, right: Rule) -> Rule:
        return _strict(
            f"({left.text} / {right.text})",
            lambda a, b: None if b == 0 else float(a) / float(b),
            left,
            right,
        )

    def with_sign(sign: str, left: Rule, right: Rule) -> Rule:
        if sign == "/":
            return divided(left, right)
        of = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
        return _strict(
            f"({left.text} {sign} {right.text})",
            lambda a, b: of(float(a), float(b)),
            left,
            right,
        )

    return st.one_of(
        st.builds(with_sign, st.sampled_from("+-*/"), children, children),
        st.builds(_coalesce, children, st.integers(0, 9).map(_number)),
        children.map(lambda one: _strict(f"abs({one.text})", abs, one)),
    )


_all_numbers = st.recursive(_numbers, _computed, max_leaves=3)
_texts = st.one_of(
    st.sampled_from(TEXTS).map(_column),
    st.builds(_tag, st.sampled_from(KEYS), st.integers(0, 2)),
    st.sampled_from(WORDS).map(_text),
    st.sampled_from(TEXTS).map(_column).map(lambda t: _strict(f"lower({t.text})", str.lower, t)),
    st.builds(_coalesce, st.builds(_tag, st.sampled_from(KEYS), st.just(1)), st.just(_text("a"))),
)
_signs = st.sampled_from(list(_COMPARES))
_atoms = st.one_of(
    st.builds(_compare, _signs, _all_numbers, _all_numbers),
    st.builds(_compare, _signs, _texts, _texts),
    st.sampled_from(FLAGS).map(_column),
    st.sampled_from(KEYS).map(_has),
    st.builds(_in, _texts, st.lists(st.sampled_from(WORDS).map(_text), min_size=1, max_size=3)),
    st.builds(_in, _all_numbers, st.lists(st.integers(0, 9).map(_number), min_size=1, max_size=3)),
    st.builds(_between, _all_numbers, _all_numbers, _all_numbers),
    st.builds(
        lambda part, negated: _null(part, negated=negated),
        st.one_of(_all_numbers, _texts),
        st.booleans(),
    ),
    st.builds(
        _pattern,
        st.sampled_from(["like", "starts_with", "ends_with", "contains"]),
        _texts,
        st.sampled_from([word for word in WORDS if word]),
    ),
)
#: Any rule that people may write.
rules = st.recursive(
    _atoms,
    lambda children: st.one_of(
        st.builds(_and, children, children),
        st.builds(_or, children, children),
        children.map(_not),
    ),
    max_leaves=6,
)


def some_rows(seed: int, number: int) -> list[dict[str, Any]]:
    """Rows, each followed by others in which the unseen values turned out to be something."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    rows: list[dict[str, Any]] = []
    while len(rows) < number:
        row = {name: _drawn(chance, name, 0.35) for name in _ALL}
        rows.append({**row, "of": None})
        first = len(rows) - 1
        for _ in range(3):
            filled = {
                name: _drawn(chance, name, 0) if value is UNSEEN else value
                for name, value in row.items()
            }
            rows.append({**filled, "of": first})
    return rows


_ALWAYS = ("name", "region")
_NEVER_NONE = ("cost_month",)
_ALL = (*NUMBERS, *TEXTS, *FLAGS, *(f"tag {key}" for key in KEYS))


def _drawn(chance: random.Random, name: str, unseen: float) -> Any:
    if name not in _ALWAYS and chance.random() < unseen:
        return UNSEEN
    if name not in (*_ALWAYS, *_NEVER_NONE) and chance.random() < 0.2:
        return None
    if name in NUMBERS:
        return chance.choice([0, 1, 3, 5, 9, 40])
    if name in FLAGS:
        return chance.random() < 0.5
    return chance.choice(WORDS)


def scanned_row(number: int, row: Row) -> dict[str, Any]:
    """A row as a scan leaves it: it sees all tags or none, except those from the bill."""
    columns = {
        name: (None if row[name] is UNSEEN else row[name]) for name in (*NUMBERS, *TEXTS, *FLAGS)
    }
    seen = {key: row[f"tag {key}"] for key in KEYS if row[f"tag {key}"] is not UNSEEN}
    not_known = {name: "no permission" for name in columns if row[name] is UNSEEN}
    if len(seen) < len(KEYS):
        not_known["tags"] = "some keys only"
    return {**columns, "tags": seen, "not_known": not_known, "resource_id": f"r-{number:05d}"}
