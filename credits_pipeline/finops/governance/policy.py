"""A policy: which resources it is about, what it forbids, its severity, and its sentence.

People write it as YAML; only `Policy.of` reads it. An invalid policy is refused with the field that
is wrong.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal, TypeVar

from credits_pipeline.finops.governance import gate
from credits_pipeline.finops.governance.gate import Gated
from credits_pipeline.finops.governance.language import ALL_TAGS, ASKED, Kind
from credits_pipeline.finops.governance.pieces import Value
from credits_pipeline.finops.governance.refusal import RefusedError, allowed
from credits_pipeline.finops.governance.sentence import Sentence

Body = Mapping[str, Any]
Origin = Literal["built in", "own"]
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
#: The stored form of a number with decimals.
DECIMAL = "decimal"
_KIND = re.compile(r"[a-z0-9][a-z0-9_.-]*(\.\*)?|\*")
#: In the order in which they are written.
FIELDS = (
    "name", "type", "severity", "enabled", "applies_to", "scope", "owner_tag", "needs", "values",
    "when", "say", "to_do",
)  # fmt: skip
_MOST = {"name": 120, "owner_tag": 128, "to_do": 500}


class Severity(StrEnum):
    """How bad it is when a rule is broken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Type(StrEnum):
    """What a policy is about."""

    TAGS = "tags"
    PLACE = "place"
    IDLE = "idle"
    UNUSED = "unused"
    GENERATION = "generation"
    RETENTION = "retention"
    SCHEDULE = "schedule"
    COST = "cost"
    OTHER = "other"


class PolicyError(ValueError):
    """A policy can't be used.

    Attributes:
        field: that is wrong; empty for the whole.
    """

    def __init__(self, policy: str, field: str, what: str, to_do: str) -> None:
        self.policy, self.field = policy, field
        where = f", {field}" if field else ""
        super().__init__(f"policy {policy!r}{where}: {what}. What to do: {to_do}.")


@dataclass(frozen=True)
class Policy:
    """One policy, parsed and passed by the gate.

    Attributes:
        id: permanent: decisions about its violations refer to it.
        name: for people.
        type: what it is about.
        severity: how bad a violation is.
        enabled: whether it is evaluated.
        applies_to: kinds of resources; ``aws.*`` for all with that beginning, ``*`` for all.
        scope: a column or ``tags['key']`` and its possible values; empty for everything.
        owner_tag: the tag that says who has to act.
        needs: evidence without which a resource is not judged.
        values: texts, numbers and lists that the rule uses.
        when: the rule, as written: true is a violation.
        say: the sentence, as it was written.
        to_do: what to do about it.
        rule: the translated rule; None if it is off and can't be evaluated yet.
        sentence: see `say`.
        origin: built in, or a person's.
    """

    id: str
    name: str
    type: Type
    severity: Severity
    enabled: bool
    applies_to: tuple[str, ...]
    when: str
    say: str
    rule: Gated | None
    sentence: Sentence | None
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    owner_tag: str = ""
    needs: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    to_do: str = ""
    origin: Origin = "own"

    @classmethod
    def of(cls, id_: str, body: Body, *, origin: Origin = "own") -> "Policy":
        """Read a policy.

        Raises:
            PolicyError: naming the field.
        """
        read = _Reader(id_, body)
        if not _ID.fullmatch(id_):
            raise PolicyError(
                id_[:80], "id", "it is not an id", "use lower-case letters, digits, ., _ and -"
            )
        read.refuse_strange()
        enabled, values = read.flag("enabled", default=True), read.values()
        when, say = read.text("when"), read.text("say")
        rule = sentence = None
        empty = [key for key, value in values.items() if value == ()]
        if enabled or not empty:
            rule = read.gated("when", lambda: gate.predicate(when, values))
            sentence = read.gated("say", lambda: Sentence.parse(say, values))
        return cls(
            id=id_,
            name=read.text("name", most=_MOST["name"]),
            type=read.word("type", Type),
            severity=read.word("severity", Severity),
            enabled=enabled,
            applies_to=read.kinds(),
            scope=read.scope(),
            owner_tag=read.text("owner_tag", default="", most=_MOST["owner_tag"])
            .strip()
            .casefold(),
            needs=read.needs(),
            values=values,
            when=when,
            say=say,
            to_do=read.text("to_do", default="", most=_MOST["to_do"]),
            rule=rule,
            sentence=sentence,
            origin=origin,
        )

    @property
    def evidence(self) -> tuple[str, ...]:
        """What must be known about a resource, for people: columns, and tags by their key."""
        rule = self.rule
        columns = set(self.needs) | (set(rule.columns) if rule else set())
        asked = sorted(name for name in columns if name == ALL_TAGS or ASKED[name].is_evidence)
        return (*asked, *(f"tag {key}" for key in sorted(rule.tags if rule else ())))

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Lists that somebody has to fill before it can be on."""
        return tuple(name for name, value in self.values.items() if value == ())


class _Reader:
    """Reads the fields of one policy."""

    def __init__(self, id_: str, body: Body) -> None:
        if not isinstance(body, Mapping):
            raise PolicyError(
                id_, "", "it is not a mapping of fields", "write name: …, when: …, say: …"
            )
        self._id, self._body = id_, body

    def error(self, field: str, what: str, to_do: str) -> PolicyError:
        return PolicyError(self._id, field, what, to_do)

    def refuse_strange(self) -> None:
        strange = [str(name) for name in self._body if name not in (*FIELDS, "id")]
        if strange:
            raise self.error("", f"there is no field {strange[0]!r}", allowed(strange[0], FIELDS))

    def text(self, name: str, *, default: str | None = None, most: int = 4_000) -> str:
        found = self._body.get(name, default)
        if found is None or (default is None and not str(found).strip()):
            raise self.error(name, "it is missing", f"write {name}: …")
        if not isinstance(found, str) or len(found) > most:
            raise self.error(
                name, "it is not a text, or it is too long", (f"write a text of at most {most}")
            )
        return found.strip()

    def flag(self, name: str, *, default: bool) -> bool:
        found = self._body.get(name, default)
        if not isinstance(found, bool):
            raise self.error(name, f"it is {found!r}", "write true or false")
        return found

    def word(self, name: str, words: type[E]) -> E:
        found = self._body.get(name)
        if found not in set(words):
            raise self.error(name, f"it is {found!r}", f"write one of {', '.join(words)}")
        return words(found)

    def several(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        found = self._body.get(name, list(default))
        found = [found] if isinstance(found, str) else found
        if not isinstance(found, (list, tuple)) or not all(isinstance(one, str) for one in found):
            raise self.error(name, "it is not a list of texts", "write a list, such as [a, b]")
        return tuple(found)

    def kinds(self) -> tuple[str, ...]:
        found = self.several("applies_to", ["*"])
        wrong = [one for one in found if not _KIND.fullmatch(one)]
        if wrong or not found:
            raise self.error(
                "applies_to", f"{wrong[0] if wrong else 'nothing'!r} is not a kind of resource",
                "write kinds such as aws.ec2.instance, aws.ec2.*, or *",
            )  # fmt: skip
        return found

    def needs(self) -> tuple[str, ...]:
        found = self.several("needs")
        known = [*(name for name, column in ASKED.items() if column.is_evidence), ALL_TAGS]
        for one in found:
            if one not in known:
                raise self.error("needs", f"there is no evidence {one!r}", allowed(one, known))
        return found

    def scope(self) -> dict[str, tuple[str, ...]]:
        found = self._body.get("scope") or {}
        if not isinstance(found, Mapping):
            raise self.error(
                "scope", "it is not a mapping", ("write account: [1111], region: [eu-…]")
            )
        scope: dict[str, tuple[str, ...]] = {}
        for word, given in found.items():
            values = [given] if isinstance(given, (str, int)) else given
            if not isinstance(values, (list, tuple)) or not values or isinstance(given, bool):
                raise self.error("scope", f"{word} has no values", f"write {word}: [a, b]")
            asked = str(word)
            text = asked if asked in ASKED else f"tag({gate.quoted(asked)})"
            if asked in ASKED and ASKED[asked].kind is not Kind.TEXT:
                raise self.error("scope", f"{word} is {ASKED[asked].kind}", "name a text column")
            self.gated("scope", lambda text=text: gate.expression(text))  # type: ignore[misc]
            scope[asked] = tuple(str(value) for value in values)
        return scope

    def values(self) -> dict[str, Value]:
        found = self._body.get("values") or {}
        if not isinstance(found, Mapping):
            raise self.error("values", "it is not a mapping", "write allowed_regions: [eu-west-1]")
        values = {str(name): self._value(str(name), value) for name, value in found.items()}
        self.gated("values", lambda: gate.named(values))
        return values

    def _value(self, name: str, value: Any) -> Value:
        if isinstance(value, (list, tuple)):
            return tuple(self._value(name, one) for one in value)
        if isinstance(value, (bool, int, str)):
            return value
        # Decisions are stored without floats: 2.5 is stored as {decimal: "2.5"}.
        exact = value.get(DECIMAL) if isinstance(value, Mapping) and len(value) == 1 else value
        if isinstance(exact, (float, str)):
            try:
                return Decimal(str(exact))
            except InvalidOperation:
                pass
        raise self.error("values", f"{name} is {value!r}", "use texts, numbers and lists of them")

    def gated(self, field: str, make: Callable[[], T]) -> T:
        try:
            return make()
        except RefusedError as error:
            raise self.error(field, error.what, error.to_do) from None
