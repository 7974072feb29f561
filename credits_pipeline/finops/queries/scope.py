"""A scope: which charges, of when, in which cost view. Addresses use the same words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any, Self

from credits_pipeline.finops.queries.periods import THIS_MONTH, Period, PeriodError
from credits_pipeline.finops.queries.words import SETTINGS, Vocabulary, blank, listed, spelled

AMORTISED, BILLED, LIST, NET = COSTS = ("amortised", "billed", "list", "net")
_IN_OUT = {"in": True, "out": False}
_TAGS = ("team", "product", "environment")


class ScopeError(ValueError):
    """Words that are not a scope; the message names each and says what is valid."""


@dataclass(frozen=True)
class Scope:
    """What is requested.

    Attributes:
        period: of when.
        chosen: words that filter, each with the values that count, in a fixed order.
        cost: one of `COSTS`.
        credits: whether credits count.
        tax: whether tax counts.
        group: words that it is grouped by.
        currency: one currency; None if there is no choice to make.
    """

    period: Period
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cost: str = AMORTISED
    credits: bool = True
    tax: bool = True
    group: tuple[str, ...] = ()
    currency: str | None = None

    @classmethod
    def parse(
        cls,
        words: Mapping[str, str | Sequence[str]],
        *,
        today: date,
        tags: Sequence[str] = _TAGS,
    ) -> Self:
        """Read a scope.

        Args:
            words: each with its value or values; without filters every charge counts, including
                credits and tax, at amortised cost, of this month.
            today: in UTC.
            tags: the tag keys that are columns.

        Raises:
            ScopeError: a word or a value is not known; names all of them.
        """
        vocabulary = Vocabulary(tuple(tags))
        given = {word: _many(values) for word, values in words.items()}
        given = {word: values for word, values in given.items() if values}
        wrong = [_unknown_word(w, vocabulary) for w in given if not _is_word(w, vocabulary)]
        reading = _Reading(given, wrong)
        currency = reading.one("currency", "", str.upper)
        scope = cls(
            period=reading.one("period", THIS_MONTH, lambda text: Period.parse(text, today)),
            chosen=_ordered({word: given[word] for word in vocabulary.filters if word in given}),
            cost=reading.one("cost", AMORTISED, _choice("cost", COSTS)),
            credits=_IN_OUT[reading.one("credits", "in", _choice("credits", _IN_OUT))],
            tax=_IN_OUT[reading.one("tax", "in", _choice("tax", _IN_OUT))],
            group=tuple(
                reading.each("group", _choice("group", vocabulary.groups), given.get("group", ()))
            ),
            currency=currency or None,
        )
        wrong += _against_each_other(scope)
        if wrong:
            raise ScopeError("; ".join(wrong))
        return scope

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """Words that filter, each with the values that count."""
        return dict(self.chosen)

    @property
    def basis(self) -> str:
        """The cost view, for people."""
        return (
            f"{self.cost.capitalize()}, credits {'in' if self.credits else 'out'}, "
            f"tax {'in' if self.tax else 'out'}"
        )

    def words(self) -> dict[str, list[str]]:
        """The whole scope as words; reading them gives the same scope."""
        spelled: dict[str, list[str]] = {
            "period": [self.period.word],
            **{word: list(values) for word, values in self.chosen},
            "cost": [self.cost],
            "credits": ["in" if self.credits else "out"],
            "tax": ["in" if self.tax else "out"],
        }
        if self.group:
            spelled["group"] = list(self.group)
        if self.currency:
            spelled["currency"] = [self.currency]
        return spelled

    def but(self, *, filters: Mapping[str, Iterable[str]] | None = None, **changes: Any) -> Self:
        """The same scope with some of it changed."""
        if filters is not None:
            changes["chosen"] = _ordered({word: tuple(values) for word, values in filters.items()})
        return replace(self, **changes)

    def narrowed(self, word: str, value: object) -> Self:
        """The part of it that has one value; None is the missing value."""
        return self.but(filters={**self.filters, word: (spelled(word, value),)})


class _Reading:
    """Reads values of words and collects what is wrong with them."""

    def __init__(self, given: Mapping[str, tuple[str, ...]], wrong: list[str]) -> None:
        self._given = given
        self._wrong = wrong

    def one(self, word: str, default: str, read: Callable[[str], Any]) -> Any:
        values = self._given.get(word, (default,))
        if len(values) > 1:
            self._wrong.append(f"{word} takes one value, but got {listed(values)}")
        found = list(self.each(word, read, values[:1]))
        return found[0] if found else read(default)

    def each(self, word: str, read: Callable[[str], Any], values: Sequence[str]) -> Iterable[Any]:
        found = []
        for value in values:
            try:
                found.append(read(value))
            except PeriodError as error:
                self._wrong.append(f"{word}: {error}")
            except ValueError as error:
                self._wrong.append(str(error))
        return dict.fromkeys(found)


def _choice(word: str, allowed: Iterable[str]) -> Callable[[str], str]:
    known = tuple(allowed)

    def read(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"{word} is one of {listed(known)}, and {text!r} is not one of them")
        return text.lower()

    return read


def _many(values: str | Sequence[str]) -> tuple[str, ...]:
    found = [values] if isinstance(values, str) else values
    return tuple(dict.fromkeys(value for value in found if value.strip()))


def _ordered(filters: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((word, tuple(sorted(set(values)))) for word, values in filters.items()))


def _is_word(word: str, vocabulary: Vocabulary) -> bool:
    return word in vocabulary.filters or word in SETTINGS


def _unknown_word(word: str, vocabulary: Vocabulary) -> str:
    known = [*SETTINGS, *vocabulary.filters]
    near = get_close_matches(word.lower(), known, n=1)
    meant = f"; did you mean {near[0]}?" if near else f": there are {listed(known)}"
    return f"{word!r} is not a word of a scope{meant}"


def _against_each_other(scope: Scope) -> list[str]:
    wrong = []
    if scope.cost == NET and "source" in scope.filters:
        wrong.append(
            "source can't be combined with cost=net, because net takes credits from a source of "
            "its own: narrow it by cloud or account"
        )
    if "resource" in scope.group:
        accounts = scope.filters.get("account", ())
        if len(accounts) != 1 or blank("account") in accounts:
            wrong.append("group=resource needs one account: add account=")
        if "day" in scope.group or not scope.period.by_month:
            wrong.append("costs of resources are stored by month: ask for whole months, not days")
    return wrong
