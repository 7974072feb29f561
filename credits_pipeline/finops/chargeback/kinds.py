"""The kinds of decisions of this room, for the store, files, export and import."""

from collections.abc import Mapping
from typing import Any

from credits_pipeline.finops.chargeback import model as models
from credits_pipeline.finops.chargeback.decided import (
    METRIC_KIND,
    OWNER_KIND,
    RATES_KIND,
    Owner,
    Rates,
    owner_of,
    read_metric,
)
from credits_pipeline.finops.decisions.kind import ItemKind


def _owner(id_: str, body: Mapping[str, Any]) -> None:
    owner_of(id_)
    Owner.parse(id_, body)


MODEL = ItemKind(models.KIND, models.Model.parse, "allocation models")
OWNER = ItemKind(OWNER_KIND, _owner, "statement owners")
METRIC = ItemKind(METRIC_KIND, read_metric, "allocation metrics")
RATES = ItemKind(RATES_KIND, Rates.parse, "exchange rates")
