"""A model that somebody tries before it is saved: its faults, and what it would change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.yaml_outside import YamlError, read_yaml, write_yaml
from credits_pipeline.finops.chargeback import model as models
from credits_pipeline.finops.chargeback.charges import words_of
from credits_pipeline.finops.chargeback.decided import Decided
from credits_pipeline.finops.chargeback.model import Model, ModelError
from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline.finops.chargeback.stating import Books, unknown_owners


@dataclass(frozen=True)
class Effect:
    """What a proposed model changes in one month.

    Attributes:
        model: as it was read.
        statement: of the month under it.
        changes: by currency and owner, what is owed now and what would be.
        faults: what a person should resolve.
    """

    model: Model
    statement: Statement
    changes: dict[str, dict[str | None, tuple[int, int]]]
    faults: tuple[str, ...]


def read_model(books: Books, name: str, text: str) -> Model:
    """Read a model that was typed as YAML.

    Raises:
        ModelError: it can't be used, or names an unknown owner.
    """
    if not name.strip():
        raise ModelError(["The model has no name."])
    try:
        body = read_yaml(text)
    except YamlError as error:
        raise ModelError([f"The model is not YAML: {error}."]) from None
    if not isinstance(body, Mapping):
        raise ModelError(["The model has fields such as rules and pools, each with its values."])
    model = Model.parse(name.strip(), body, tags=words_of(books.published))
    unknown = unknown_owners(books.published, books.decided, model)
    if unknown:
        raise ModelError(unknown)
    return model


def spelled(model: Model) -> str:
    """A model in the form that people type."""
    told: dict[str, Any] = {
        name: value for name, value in model.body().items() if value not in ([], "")
    }
    return write_yaml(told, allow_unicode=True, sort_keys=False, width=100)


def effect(books: Books, model: Model, month: BillingMonth, now: Statement) -> Effect:
    """What a model changes against the current statement.

    Args:
        books: the inputs of statements.
        model: the proposed one.
        month: the month that is compared.
        now: its current statement.
    """
    contents = {
        **books.decided.contents,
        models.KIND: {
            **books.decided.contents.get(models.KIND, {}),
            model.name: model.body(),
        },
    }
    proposed = replace(books, decided=Decided.read(contents))
    statement = proposed.draft(month, model)
    changes: dict[str, dict[str | None, tuple[int, int]]] = {}
    for side, one in ((0, now), (1, statement)):
        for section in one.sections:
            sums = changes.setdefault(section.currency, {})
            for owner in section.owners:
                before = list(sums.get(owner, (0, 0)))
                before[side] = section.owed(owner)
                sums[owner] = (before[0], before[1])
    return Effect(model, statement, changes, statement.faults)
