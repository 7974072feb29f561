"""The decisions that statements are made from, read from a snapshot of the store.

Four kinds: allocation models; owners with their cost centre, account of the ledger and addresses;
metrics that pools follow; rates that convert currencies.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.core.money import from_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback import model as models
from credits_pipeline.finops.chargeback.model import DIMENSIONS, METRIC, Model, default_model

OWNER_KIND, METRIC_KIND, RATES_KIND = "statement_owner", "allocation_metric", "exchange_rates"
KINDS = (models.KIND, OWNER_KIND, METRIC_KIND, RATES_KIND)


class DecidedError(ValueError):
    """A decision can't be used; the message names it and what to write."""


@dataclass(frozen=True)
class Owner:
    """An owner's details for the ledger and by mail.

    Attributes:
        cost_centre: as in the ledger; may be empty.
        gl_account: as in the ledger; may be empty.
        addresses: of the people who receive the statement.
    """

    cost_centre: str = ""
    gl_account: str = ""
    addresses: tuple[str, ...] = ()

    @classmethod
    def parse(cls, id_: str, body: Mapping[str, Any]) -> Self:
        """Read one.

        Raises:
            DecidedError: a field can't be used.
        """
        addresses = body.get("addresses") or []
        texts = {name: body.get(name) or "" for name in ("cost_centre", "gl_account")}
        unknown = sorted(set(body) - {*texts, "addresses"})
        if (
            unknown
            or not isinstance(addresses, list)
            or not all(isinstance(one, str) for one in [*addresses, *texts.values()])
        ):
            raise DecidedError(
                f"the statement owner {id_!r} has cost_centre and gl_account as texts and "
                f"addresses as a list of texts{f', and no {unknown[0]!r}' if unknown else ''}."
            )
        return cls(texts["cost_centre"], texts["gl_account"], tuple(addresses))

    def body(self) -> dict[str, Any]:
        """Its stored form."""
        return {
            "cost_centre": self.cost_centre,
            "gl_account": self.gl_account,
            "addresses": list(self.addresses),
        }


@dataclass(frozen=True)
class Rates:
    """The value of other currencies in one currency, by month.

    Attributes:
        to: that one.
        months: by month as ``YYYY-MM``, what one unit of each currency is worth.
    """

    to: str
    months: Mapping[str, Mapping[str, Decimal]]

    @classmethod
    def parse(cls, id_: str, body: Mapping[str, Any]) -> Self:
        """Read some.

        Raises:
            DecidedError: a field can't be used.
        """
        to = body.get("to")
        if not isinstance(to, str) or not to:
            raise DecidedError(f"the exchange rates {id_!r} need a target currency: write to: USD.")
        months = _numbers("exchange rates", id_, body.get("months"))
        if any(rate <= 0 for rates in months.values() for rate in rates.values()):
            raise DecidedError(f"the exchange rates {id_!r} must be above zero.")
        return cls(to, months)


@dataclass(frozen=True)
class Decided:
    """All of these decisions.

    Attributes:
        models: by name; one by the tag team if nobody saved one.
        owners: by dimension and name.
        metrics: by name and month, what each owner has.
        rates: by name.
        contents: the bodies that they were read from, by kind and id.
    """

    models: Mapping[str, Model]
    owners: Mapping[tuple[str, str], Owner]
    metrics: Mapping[str, Mapping[str, Mapping[str, Decimal]]]
    rates: Mapping[str, Rates]
    contents: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, contents: Mapping[str, Mapping[str, Any]], tags: Iterable[str] = ()) -> Self:
        """Read a snapshot's contents.

        Args:
            contents: the bodies by kind and id.
            tags: tag keys that rules may use; empty to leave them unchecked.

        Raises:
            ModelError: a model can't be used.
            DecidedError: something else can't.
        """
        tags = tuple(tags)
        kept = {kind: dict(contents.get(kind, {})) for kind in KINDS}
        found = {}
        for name, body in sorted(kept[models.KIND].items()):
            try:
                found[name] = Model.parse(name, body, tags=tags)
            except models.ModelError as error:
                raise models.ModelError(
                    [f"the allocation model {name!r}: {fault}" for fault in error.faults]
                ) from None
        if not found:
            default = default_model()
            found = {default.name: default}
        return cls(
            found,
            {owner_of(id_): Owner.parse(id_, b) for id_, b in sorted(kept[OWNER_KIND].items())},
            {name: read_metric(name, body) for name, body in sorted(kept[METRIC_KIND].items())},
            {name: Rates.parse(name, body) for name, body in sorted(kept[RATES_KIND].items())},
            kept,
        )

    @property
    def is_default(self) -> bool:
        """Whether nobody has saved a model."""
        return not self.contents.get(models.KIND)

    def model(self, name: str | None) -> Model:
        """A model by its name; the first if none is named.

        Raises:
            DecidedError: there is none of that name.
        """
        if name is None:
            return next(iter(self.models.values()))
        if name not in self.models:
            raise DecidedError(
                f"there is no allocation model {name!r}; there are {', '.join(self.models)}."
            )
        return self.models[name]

    def owner(self, to: str, name: str | None) -> Owner:
        """An owner's details; empty if nobody gave any."""
        return self.owners.get((to, name or ""), Owner())

    def used(self, model: Model) -> dict[str, dict[str, Any]]:
        """The bodies that a model's statements depend on."""
        metrics = {pool.metric for pool in model.pools if pool.split == METRIC}
        of_dimension = f"{model.to}:"
        used = {
            models.KIND: {model.name: model.body()},
            OWNER_KIND: {
                id_: body
                for id_, body in self.contents.get(OWNER_KIND, {}).items()
                if id_.startswith(of_dimension)
            },
            METRIC_KIND: {
                name: body
                for name, body in self.contents.get(METRIC_KIND, {}).items()
                if name in metrics
            },
            RATES_KIND: {
                name: body
                for name, body in self.contents.get(RATES_KIND, {}).items()
                if model.convert and name == model.rates
            },
        }
        return {kind: bodies for kind, bodies in used.items() if bodies}

    def metrics_of(self, month: BillingMonth) -> dict[str, Mapping[str, Decimal]]:
        """What each metric says about a month."""
        return {name: months.get(str(month), {}) for name, months in self.metrics.items()}


def read_metric(name: str, body: Mapping[str, Any]) -> dict[str, dict[str, Decimal]]:
    """By month, what each owner has.

    Raises:
        DecidedError: a field can't be used.
    """
    return _numbers("metric", name, body.get("months"))


def owner_id(to: str, name: str) -> str:
    """The id of an owner in the store."""
    return f"{to}:{name}"


def owner_of(id_: str) -> tuple[str, str]:
    """The dimension and the name of an id.

    Raises:
        DecidedError: it is of no known dimension.
    """
    to, colon, name = id_.partition(":")
    if to not in DIMENSIONS or not colon or not name:
        raise DecidedError(
            f"the id of a statement owner is team:NAME or product:NAME, and not {id_!r}."
        )
    return to, name


def _numbers(what: str, name: str, months: Any) -> dict[str, dict[str, Decimal]]:
    if not isinstance(months, Mapping):
        raise DecidedError(f"the {what} {name!r} needs months, each with its values.")
    found: dict[str, dict[str, Decimal]] = {}
    for month, values in months.items():
        try:
            BillingMonth.parse(str(month))
        except ValueError as error:
            raise DecidedError(f"the {what} {name!r}: {error}.") from None
        if not isinstance(values, Mapping):
            raise DecidedError(f"the {what} {name!r} has names with values in {month}.")
        found[str(month)] = {str(key): _number(what, name, month, key, values[key])
                             for key in values}  # fmt: skip
    return found


def _number(what: str, name: str, month: str, key: str, text: Any) -> Decimal:
    try:
        value = from_text(str(text))
    except ValueError:
        value = Decimal(-1)
    if value < 0:
        raise DecidedError(
            f"the {what} {name!r} says {text!r} of {key!r} in {month}: write a number of zero or "
            "more."
        )
    return value
