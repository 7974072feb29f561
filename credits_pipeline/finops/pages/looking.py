"""Queries of one person to one published version, within what the person may see.

Pages query only here, so no number comes from another version or scope than the page says, and a
limit to teams applies to every query, export, count and name.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from credits_pipeline.finops.pages.person import Person
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.seen import (
    accounts_seen,
    has_teams,
    sources_seen,
    values_seen,
)
from credits_pipeline.finops.queries.sources import SourceAge, ages, bills
from credits_pipeline.finops.queries.values import account_names, unknown, values

T = TypeVar("T")
#: Cached answers: a version never changes, and people look at the same things.
_MOST = 512
_lock = threading.Lock()
_answers: "OrderedDict[tuple[Any, ...], Any]" = OrderedDict()


class NotYoursError(Exception):
    """A scope names teams that the person does not see; the message says which."""


@dataclass(frozen=True)
class Looking:
    """One person who looks at one version.

    Attributes:
        published: the version.
        person: who looks.
        today: in UTC.
    """

    published: Published
    person: Person
    today: date

    def limited(self, scope: Scope) -> Scope:
        """A scope without anything that the person may not see.

        Raises:
            NotYoursError: it names a team that the person does not see.
        """
        teams = self.person.teams
        if teams is None:
            return scope
        if not has_teams(self.published):
            raise NotYoursError(
                "You see the spend of some teams only, and these bills do not distinguish teams: "
                "FINOPS_TAGS does not have the tag team."
            )
        asked = scope.filters.get("team", ())
        strange = [team for team in asked if team not in teams]
        if strange or not teams:
            seen = ", ".join(teams) or "no team"
            raise NotYoursError(
                f"You see {seen}; this address asks for {', '.join(strange) or 'all teams'}."
            )
        return scope.but(filters={**scope.filters, "team": asked or teams})

    def ask(self, question: Callable[..., T], scope: Scope, *args: Any, **more: Any) -> T:
        """The answer of a query over this version, within what the person may see.

        Args:
            question: a function of `credits_pipeline.finops.queries` that takes a version, a scope
                and further arguments.
            scope: what is asked about.
            args: what follows.
            more: as above, by name.

        Raises:
            NotYoursError: see `limited`.
        """
        limited = self.limited(scope)
        return self._kept(
            (question, limited, args, tuple(sorted(more.items()))),
            lambda: question(self.published, limited, *args, **more),
        )

    def account_names(self) -> dict[str, str]:
        """The names of accounts that the person sees, by id."""
        names = self._kept((account_names,), lambda: account_names(self.published))
        teams = self.person.teams
        if teams is None:
            return names
        seen = self._kept((accounts_seen, teams), lambda: accounts_seen(self.published, teams))
        return {account: name for account, name in names.items() if account in seen}

    def values(self, word: str) -> tuple[str, ...]:
        """The values of a word that the person sees; the missing value last."""
        teams = self.person.teams
        if teams is None:
            return self._kept((values, word), lambda: values(self.published, word))
        return self._kept(
            (values_seen, word, teams), lambda: values_seen(self.published, word, teams)
        )

    def strange(self, scope: Scope) -> list[str]:
        """A sentence for each value of a scope that is in no bill that the person sees."""
        if self.person.teams is None:
            return [one.sentence for one in unknown(self.published, scope)]
        names = set(self.account_names().values())
        return [
            f"{word} {value!r} occurs in no bill that you can see."
            for word, given in scope.chosen
            for value in given
            if value not in self.values(word) and not (word == "account" and value in names)
        ]

    def ages(self) -> tuple[SourceAge, ...]:
        """The age of each source that the person sees."""
        return tuple(one for one in ages(self.published, self.today) if self.sees(one.name))

    def bills(self) -> tuple[Bill, ...]:
        """The bills of every source that the person sees."""
        return tuple(one for one in bills(self.published) if self.sees(one.source))

    def sees(self, source: str) -> bool:
        """Whether the person may know about a source."""
        teams = self.person.teams
        if teams is None:
            return True
        return source in self._kept(
            (sources_seen, teams), lambda: sources_seen(self.published, teams)
        )

    def _kept(self, key: tuple[Any, ...], answer: Callable[[], T]) -> T:
        """An answer, from the cache if this version gave it before."""
        whole = (self.published.depot.root, self.published.version, *key)
        with _lock:
            if whole in _answers:
                _answers.move_to_end(whole)
                kept: T = _answers[whole]
                return kept
        found = answer()
        with _lock:
            _answers[whole] = found
            while len(_answers) > _MOST:
                _answers.popitem(last=False)
        return found


def words_of(params: Mapping[str, list[str]], own: frozenset[str]) -> dict[str, list[str]]:
    """The words of an address that belong to the scope.

    Args:
        params: every word of the address, with its values.
        own: words of the page itself.
    """
    return {word: values for word, values in params.items() if word not in own}
