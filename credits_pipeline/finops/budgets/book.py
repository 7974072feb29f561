"""The stored budgets, and the state of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from credits_pipeline.finops.budgets.budget import Budget, BudgetError
from credits_pipeline.finops.budgets.standing import BudgetScopeError, Standing, standing
from credits_pipeline.finops.decisions import DecisionsError
from credits_pipeline.finops.publish.published import Published


@dataclass(frozen=True)
class Standings:
    """The state of all budgets.

    Attributes:
        found: those that apply today, by name.
        not_now: the names of those that apply only at another time.
        wrong: for each that can't be computed, its id and why.
    """

    found: tuple[Standing, ...] = ()
    not_now: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()


def read_budget(id_: str, body: Mapping[str, Any]) -> Budget:
    """A budget from its stored form.

    Raises:
        DecisionsError: it can't be used.
    """
    try:
        return Budget.of(id_, body)
    except BudgetError as error:
        raise DecisionsError(f"the budget {id_!r} can't be used: {error}.") from error


def standings(
    published: Published, bodies: Mapping[str, Mapping[str, Any]], today: date
) -> Standings:
    """The state of all budgets; one that can't be computed does not affect the others.

    Args:
        published: the version.
        bodies: by id.
        today: in UTC.
    """
    found: list[Standing] = []
    not_now, wrong = [], []
    for id_, body in sorted(bodies.items()):
        try:
            budget = read_budget(id_, body)
            one = standing(published, budget, today)
        except (DecisionsError, BudgetScopeError) as error:
            wrong.append((id_, str(error)))
            continue
        if one is None:
            not_now.append(budget.name)
        else:
            found.append(one)
    ordered = sorted(found, key=lambda one: (one.budget.name.casefold(), one.budget.id))
    return Standings(tuple(ordered), tuple(not_now), tuple(wrong))
