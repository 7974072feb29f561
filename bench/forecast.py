"""The forecast's error on days 5, 10, 15 and 20 of a month, compared with two simpler methods.

It is measured on generated years (BENCH_FORECAST_SERIES, 60), and on the sample bills of fourteen
months: for everything together, for each team and for each account.
"""

import json
import os
import random
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from credits_pipeline.finops.forecast.backtest import DAYS, METHODS, Quality, backtest
from credits_pipeline.finops.queries.daily import History, Lump, history

SERIES = int(os.environ.get("BENCH_FORECAST_SERIES", "60"))
AS_OF = date(2026, 11, 27)


def generated(seed: int, days: int = 425) -> History:
    """A series like those of bills: weekdays, noise, growth, steps, spikes, batches and fees."""
    dice = random.Random(seed)
    first, level = date(2025, 9, 1), dice.lognormvariate(6, 1.2)
    weekend = dice.choice((0.35, 0.6, 0.85, 1.0))
    growth = dice.choice((0.0, 0.0, 0.0005, 0.001, 0.002, -0.0005))
    noise, carried, rough = 0.0, dice.uniform(0.2, 0.7), dice.uniform(0.01, 0.06)
    steps = [dice.randrange(90, days) for _ in range(dice.randrange(0, 4))]
    sizes = {at: dice.choice((0.6, 0.75, 1.3, 1.6)) for at in steps}
    spikes = {dice.randrange(days): dice.uniform(1.5, 4) for _ in range(dice.randrange(0, 7))}
    batch = dice.choice((0.0, 0.0, 1.5, 2.5))
    fee = Decimal(str(round(level * dice.choice((0, 2, 6, 12)), 2)))
    use, lumps = {}, []
    for at in range(days):
        day = first + timedelta(days=at)
        level *= (1 + growth) * sizes.get(at, 1)
        noise = carried * noise + dice.gauss(0, rough)
        cost = level * (weekend if day.weekday() > 4 else 1) * (1 + noise) * spikes.get(at, 1)
        if batch and (day + timedelta(days=1)).day == 1:
            cost *= batch
        use[day] = Decimal(str(round(max(cost, 0), 2)))
        if day.day <= 2 and fee:
            lumps.append(Lump(day, ("a", f"fee {day.day}", "Purchase"), fee / 2))
    return History(use, tuple(lumps), first, first + timedelta(days=days))


def summed(found: list[Quality]) -> Quality:
    return Quality(tuple(told for one in found for told in one.told))


def show(name: str, quality: Quality, seconds: float) -> None:
    print(f"{name}: {len(quality.told)} forecasts in {seconds:.1f} s")
    for day in DAYS:
        errors = {method: quality.mean_error(method, day) for method in METHODS}
        told = ", ".join(
            f"{method} {'none' if error is None else f'{error:.1%}'}"
            for method, error in errors.items()
        )
        ours, rate = errors["forecast"], errors["run rate"]
        ratio = f"; {ours / rate:.2f} of the run rate's" if ours is not None and rate else ""
        print(f"  day {day:2}: {told}{ratio}")
    if quality.ranges:
        share = quality.hits / quality.ranges
        print(f"  range held {quality.hits} of {quality.ranges} times: {share:.0%}")


def samples() -> None:
    from credits_pipeline.finops.publish.published import open_current
    from credits_pipeline.finops.queries.scope import Scope
    from credits_pipeline.finops.queries.values import values

    with tempfile.TemporaryDirectory() as folder:
        root = os.environ.get("BENCH_FORECAST_WING") or _published(Path(folder))
        published = open_current(root)
        assert published is not None
        today = AS_OF
        scopes = {"the sample bills": [{"credits": "out"}]}
        for word in ("team", "account"):
            scopes[f"each {word} of them"] = [
                {word: value, "credits": "out"} for value in values(published, word)
            ]
        for name, some in scopes.items():
            began = time.perf_counter()
            found = [
                backtest(
                    history(published, Scope.parse(words, today=today, tags=published.tags), today)
                )
                for words in some
            ]
            show(name, summed(found), time.perf_counter() - began)


def _published(folder: Path) -> str:
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.ingest import ingest_month
    from credits_pipeline.finops.lake import open_lake
    from credits_pipeline.finops.publish.refreshing import Refresher
    from credits_pipeline.finops.samples import generate
    from credits_pipeline.finops.settings import tag_keys

    written = generate(folder / "bills", as_of=AS_OF)
    root = str(folder / "wing")
    lake, tags = open_lake(root), tag_keys()
    months = json.loads((written.folder / "totals.json").read_text())["months"]
    for source in written.sources:
        for one in months:
            if one["source"] == source.name:
                ingest_month(source, BillingMonth.parse(one["month"]), lake, tags=tags)
    Refresher(lake, Depot(root), [key.name for key in tags]).refresh()
    return root


def main() -> None:
    began = time.perf_counter()
    found = [backtest(generated(seed)) for seed in range(SERIES)]
    show(f"{SERIES} generated years", summed(found), time.perf_counter() - began)
    samples()


if __name__ == "__main__":
    main()
