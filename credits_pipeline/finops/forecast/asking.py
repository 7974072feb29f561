"""The forecast of a scope, and how good past forecasts of it were."""

from dataclasses import dataclass
from datetime import date

from credits_pipeline.finops.forecast.backtest import Quality, backtest
from credits_pipeline.finops.forecast.forecast import Forecast, Forecaster
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.daily import history
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import one_currency


@dataclass(frozen=True)
class Outlook:
    """What a scope's period will cost.

    Attributes:
        scope: what was asked, with its currency.
        forecast: of its period.
        quality: how good past forecasts of it were.
    """

    scope: Scope
    forecast: Forecast
    quality: Quality


def outlook(published: Published, scope: Scope, today: date) -> Outlook:
    """What a scope's period of whole months will cost.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    asked = one_currency(published, scope)
    days = history(published, asked, today)
    made = Forecaster(days)
    quality = backtest(days, made)
    return Outlook(asked, made.forecast(scope.period).widened(quality.widening), quality)
