"""An allocation model: ordered rules, shared pools, and which credits count. People decide it.

It is read completely or not at all: all faults are reported together, each with its place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.core.money import from_text

KIND = "allocation_model"
TEAM, PRODUCT = DIMENSIONS = ("team", "product")
PROPORTIONAL, EVEN, FIXED, METRIC = SPLITS = ("proportional", "even", "fixed", "metric")
BILL, RECEIPTS = CREDITS = ("bill", "receipts")
#: Words of rules that are not tag keys.
WORDS = ("cloud", "account", "service", "category", "region", "charge", "source", "resource")
_ALL_PERCENT = Decimal(100)
_MOST_NAME = 200
_LACK = re.compile(r"\((?:none|untagged)\)")


class ModelError(ValueError):
    """The model can't be used; the message names each place and what to write there.

    Attributes:
        faults: a sentence each.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(" ".join(faults))


@dataclass(frozen=True)
class Rule:
    """Charges that belong to an owner or a pool.

    Attributes:
        when: words of a charge, each with values of which one must match; a ``*`` in a value
            stands for any text. Without words it matches every charge.
        to: the owner; empty if `by` or `pool` says it.
        by: a word whose value is the owner; a charge without the value does not match.
        pool: the shared pool; empty if an owner is named.
    """

    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    to: str = ""
    by: str = ""
    pool: str = ""

    def owner(self, words: Mapping[str, tuple[str, ...]]) -> str | None:
        """The owner or the pool of a charge; None if the rule does not match.

        Args:
            words: of the charge, each with its values: an account has an id and a name.
        """
        if not all(_holds(values, words.get(word, ())) for word, values in self.when):
            return None
        if self.by:
            found = words.get(self.by, ())
            return found[0] if found else None
        return self.pool or self.to


@dataclass(frozen=True)
class Pool:
    """Costs that several owners share.

    Attributes:
        name: of the pool.
        split: one of `SPLITS`.
        among: the owners that share it; empty for all with direct costs.
        shares: of a fixed split, in percent, by owner.
        metric: the name of the metric that a split by metric follows.
        within_account: whether each account's part is shared by those with costs in that account.
    """

    name: str
    split: str
    among: tuple[str, ...] = ()
    shares: tuple[tuple[str, Decimal], ...] = ()
    metric: str = ""
    within_account: bool = False


#: Credits that receipts give to an account without a rule for an owner follow the account's costs.
HANDED_OUT = Pool("Credits handed out", PROPORTIONAL, within_account=True)


@dataclass(frozen=True)
class Model:
    """How a month is allocated to owners.

    Attributes:
        name: of the model.
        to: whether owners are teams or products.
        rules: in order; the first that matches counts.
        pools: by name.
        credits: whose credits count: the bill's own, or those that receipts distributed.
        convert: the currency that all others are converted to; empty to keep them apart.
        rates: the name of the rates that convert.
    """

    name: str
    to: str = TEAM
    rules: tuple[Rule, ...] = ()
    pools: tuple[Pool, ...] = ()
    credits: str = BILL
    convert: str = ""
    rates: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of charges that its rules use."""
        asked = [word for rule in self.rules for word, _ in rule.when]
        asked += [rule.by for rule in self.rules if rule.by]
        return tuple(dict.fromkeys(asked))

    @property
    def owners(self) -> tuple[str, ...]:
        """Every owner that it names."""
        named = [rule.to for rule in self.rules if rule.to]
        for pool in self.pools:
            named += [*pool.among, *(owner for owner, _ in pool.shares)]
        return tuple(dict.fromkeys(named))

    def pool(self, name: str) -> Pool:
        """A pool by its name."""
        return next(one for one in (*self.pools, HANDED_OUT) if one.name == name)

    @classmethod
    def parse(cls, name: str, body: Mapping[str, Any], *, tags: Iterable[str] = ()) -> Self:
        """Read a model.

        Args:
            name: of it.
            body: from the store of decisions.
            tags: tag keys that are words; empty to leave words unchecked.

        Raises:
            ModelError: something in it can't be used.
        """
        reader = _Reader(tuple(tags))
        model = cls(
            name=name,
            to=reader.choice(body, "to", DIMENSIONS, TEAM),
            rules=tuple(
                reader.rule(f"rule {at}", one)
                for at, one in enumerate(reader.many(body, "rules"), 1)
            ),
            pools=tuple(
                reader.pool(f"pool {at}", one)
                for at, one in enumerate(reader.many(body, "pools"), 1)
            ),
            credits=reader.choice(body, "credits", CREDITS, BILL),
            convert=reader.text(body, "convert", "the model").upper(),
            rates=reader.text(body, "rates", "the model"),
        )
        reader.only(body, {"to", "rules", "pools", "credits", "convert", "rates"}, "the model")
        reader.against_each_other(model)
        if reader.faults:
            raise ModelError(reader.faults)
        return model

    def body(self) -> dict[str, Any]:
        """Its stored form; reading it gives the same model."""
        told: dict[str, Any] = {"to": self.to, "credits": self.credits}
        told["rules"] = [_rule_body(rule) for rule in self.rules]
        told["pools"] = [_pool_body(pool) for pool in self.pools]
        if self.convert:
            told |= {"convert": self.convert, "rates": self.rates}
        return told


def default_model(to: str = TEAM) -> Model:
    """The model if nobody saved one: the tag says who owns a charge."""
    return Model(name=f"by {to} tag", to=to, rules=(Rule(by=to),))


@dataclass
class _Reader:
    """Reads a body and collects what is wrong with it."""

    tags: tuple[str, ...]
    faults: list[str] = field(default_factory=list)

    def rule(self, where: str, body: Any) -> Rule:
        if not isinstance(body, Mapping):
            self.faults.append(f"{where} is not an object: write when, and to, by or pool.")
            return Rule()
        self.only(body, {"when", "to", "by", "pool"}, where)
        when = body.get("when") or {}
        if not isinstance(when, Mapping):
            self.faults.append(f"{where}: when has words with values, such as account: ['123'].")
            when = {}
        rule = Rule(
            when=tuple(sorted((str(word), self.values(when, word, where)) for word in when)),
            to=self.owner(body, "to", where),
            by=self.text(body, "by", where),
            pool=self.text(body, "pool", where),
        )
        for word in (*(word for word, _ in rule.when), *filter(None, (rule.by,))):
            if self.tags and word not in (*WORDS, *self.tags):
                known = ", ".join((*WORDS, *self.tags))
                self.faults.append(
                    f"{where}: {word!r} is not a word of a charge; there are {known}."
                )
        if sum(map(bool, (rule.to, rule.by, rule.pool))) != 1:
            self.faults.append(f"{where} needs exactly one of to, by and pool.")
        return rule

    def pool(self, where: str, body: Any) -> Pool:
        if not isinstance(body, Mapping):
            self.faults.append(f"{where} is not an object: write name and split.")
            return Pool("", EVEN)
        self.only(body, {"name", "split", "among", "shares", "metric", "within_account"}, where)
        pool = Pool(
            name=self.text(body, "name", where),
            split=self.choice(body, "split", SPLITS, PROPORTIONAL, where),
            among=self.values(body, "among", where) if body.get("among") else (),
            shares=self.shares(body.get("shares") or {}, where),
            metric=self.text(body, "metric", where),
            within_account=body.get("within_account") is True,
        )
        if not pool.name:
            self.faults.append(f"{where} has no name.")
        if pool.split == FIXED:
            told = sum((share for _, share in pool.shares), Decimal(0))
            if told != _ALL_PERCENT:
                self.faults.append(f"{where}: its shares add up to {told} %, and must be 100 %.")
        elif pool.shares:
            self.faults.append(
                f"{where}: shares belong to a fixed split, but this one is {pool.split}."
            )
        if (pool.split == METRIC) != bool(pool.metric):
            self.faults.append(f"{where}: name a metric if the split is metric, and only then.")
        if pool.within_account and pool.split != PROPORTIONAL:
            self.faults.append(f"{where}: within_account needs a proportional split.")
        return pool

    def shares(self, body: Any, where: str) -> tuple[tuple[str, Decimal], ...]:
        if not isinstance(body, Mapping):
            self.faults.append(f"{where}: shares has owners, each with its percentage as text.")
            return ()
        found = []
        for owner, text in sorted(body.items()):
            try:
                share = from_text(text if isinstance(text, str) else str(int(text)))
            except (TypeError, ValueError):
                share = Decimal(-1)
            if share < 0:
                self.faults.append(
                    f"{where}: the share of {owner!r} is {text!r}; write a percentage of zero or "
                    'more, such as "12.5".'
                )
                continue
            found.append((str(owner), share))
        return tuple(found)

    def against_each_other(self, model: Model) -> None:
        names = [pool.name for pool in model.pools]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.faults.append(f"the pool {name!r} occurs twice.")
        if HANDED_OUT.name in names:
            self.faults.append(f"{HANDED_OUT.name!r} is a built-in pool: choose another name.")
        for at, rule in enumerate(model.rules, 1):
            if rule.pool and rule.pool not in names:
                self.faults.append(f"rule {at}: there is no pool {rule.pool!r}.")
        if bool(model.convert) != bool(model.rates):
            self.faults.append("convert and rates belong together: write both, or neither.")

    def many(self, body: Mapping[str, Any], name: str) -> Sequence[Any]:
        found = body.get(name) or []
        if isinstance(found, (list, tuple)):
            return found
        self.faults.append(f"{name} is a list.")
        return []

    def values(self, body: Mapping[str, Any], name: Any, where: str) -> tuple[str, ...]:
        found = body[name]
        several = found if isinstance(found, (list, tuple)) else [found]
        if not several or not all(isinstance(one, str) and one for one in several):
            self.faults.append(
                f"{where}: {name} has one or more texts; a number such as an account's id stands "
                "in quotes."
            )
            return ()
        return tuple(dict.fromkeys(several))

    def owner(self, body: Mapping[str, Any], name: str, where: str) -> str:
        found = self.text(body, name, where)
        if len(found) > _MOST_NAME:
            self.faults.append(f"{where}: {name} has more than {_MOST_NAME} letters.")
        return found

    def text(self, body: Mapping[str, Any], name: str, where: str) -> str:
        found = body.get(name) or ""
        if isinstance(found, str):
            return found
        self.faults.append(f"{where}: {name} is a text, and not {found!r}.")
        return ""

    def choice(
        self,
        body: Mapping[str, Any],
        name: str,
        known: Sequence[str],
        default: str,
        where: str = "the model",
    ) -> str:
        found = body.get(name) or default
        if found in known:
            return str(found)
        self.faults.append(f"{where}: {name} is one of {', '.join(known)}, and not {found!r}.")
        return default

    def only(self, body: Mapping[str, Any], known: set[str], where: str) -> None:
        for name in sorted(map(str, set(body) - known)):
            self.faults.append(
                f"{where}: {name!r} is not known; there are {', '.join(sorted(known))}."
            )


def _holds(wanted: Sequence[str], found: Sequence[str]) -> bool:
    if not found:
        return any(_LACK.fullmatch(one) for one in wanted)
    return any(matches(one, value) for one in wanted for value in found)


def matches(pattern: str, value: str) -> bool:
    """Whether a value matches a rule; a ``*`` in it stands for any text."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == value
    if not value.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for piece in middle:
        found = value.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(value) - len(last) >= at and value.endswith(last)


def _rule_body(rule: Rule) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if rule.when:
        told["when"] = {word: list(values) for word, values in rule.when}
    return told | {
        name: value
        for name, value in (("to", rule.to), ("by", rule.by), ("pool", rule.pool))
        if value
    }


def _pool_body(pool: Pool) -> dict[str, Any]:
    told: dict[str, Any] = {"name": pool.name, "split": pool.split}
    if pool.among:
        told["among"] = list(pool.among)
    if pool.shares:
        told["shares"] = {owner: format(share, "f") for owner, share in pool.shares}
    if pool.metric:
        told["metric"] = pool.metric
    if pool.within_account:
        told["within_account"] = True
    return told
