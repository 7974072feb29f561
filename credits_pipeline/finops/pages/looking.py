"""Questions of one person to one published version, with what the person may see.

A page asks here and nowhere else, so that no number comes from another version or another scope
than the page says, and a limit to teams holds for every query, export and count.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from credits_pipeline.finops.pages.person import Person
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope

T = TypeVar("T")


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
        """A scope with nothing in it that the person may not see.

        Raises:
            NotYoursError: it asks for a team that the person does not see.
        """
        if self.person.teams is None:
            return scope
        asked = scope.filters.get("team", ())
        strange = [team for team in asked if team not in self.person.teams]
        if strange or not self.person.teams:
            seen = ", ".join(self.person.teams) or "no team"
            raise NotYoursError(
                f"You see {seen}; this address asks for {', '.join(strange) or 'all teams'}."
            )
        return scope.but(filters={"team": asked or self.person.teams})

    def ask(self, question: Callable[..., T], scope: Scope, *args: Any, **more: Any) -> T:
        """The answer of a query over this version, within what the person may see.

        Args:
            question: a function of `credits_pipeline.finops.queries` that takes a version, a scope
                and what follows.
            scope: what is asked about.
            args: what follows.
            more: as above, by name.

        Raises:
            NotYoursError: see `limited`.
        """
        return question(self.published, self.limited(scope), *args, **more)


def words_of(params: Mapping[str, list[str]], own: frozenset[str]) -> dict[str, list[str]]:
    """The words of an address that belong to the scope.

    Args:
        params: every word of the address, with its values.
        own: words of the page itself.
    """
    return {word: values for word, values in params.items() if word not in own}
