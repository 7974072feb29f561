"""The stand-in's state as a file, so that it can be stopped and started again."""

import base64
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from credits_pipeline.sandbox.cloudzero.costs import CostLine
from credits_pipeline.sandbox.cloudzero.rows import read_rows
from credits_pipeline.sandbox.cloudzero.settings import StandInSettings
from credits_pipeline.sandbox.cloudzero.streams import Month, Version
from credits_pipeline.sandbox.cloudzero.world import Answer, World

_VERSION = 1


def save(world: World, file: Path) -> None:
    """Write streams, bill, replays, costs calls and clock. Faults, log and cursors are not kept."""
    months = []
    for place in world.streams.places():
        namespace, connection_id, month = place
        held = world.month(connection_id, month, namespace)
        if held is not None:
            months.append(
                {
                    "place": place,
                    "since": world.streams.since(place).isoformat(),
                    "drop_id": held.drop_id,
                    "rows": held.rows,
                }
            )
    with world.lock:
        state = {
            "version": _VERSION,
            "clock": world.clock.now().isoformat(),
            "months": months,
            "bill": [[line.connection_id, line.provider, line.row] for line in world.bill],
            "replays": [
                [key, at.isoformat(), _answer_as_json(answer)]
                for key, (at, answer) in world.replays.items()
            ],
            "costs_calls": dict(world.costs_calls),
        }
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f"{file.name}.writing")
    written.write_text(json.dumps(state), encoding="utf-8")
    written.replace(file)


def load(world: World, file: Path) -> None:
    """Load a saved state; the clock goes on from where it was.

    Raises:
        ValueError: the file is not a saved state of this version.
    """
    state = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(state, dict) or state.get("version") != _VERSION:
        raise ValueError(f"{file} is not a state of the stand-in: delete it or name another")
    world.streams.clear()
    for saved in state["months"]:
        namespace, connection_id, month = saved["place"]
        rows = read_rows(saved["rows"], month, _TAKES_ALL)
        if rows.errors:
            raise ValueError(f"{file}: {connection_id} {month}: {rows.errors[0]}")
        held = Month(saved["drop_id"], rows.hours, rows.count, rows.size)
        since = datetime.fromisoformat(saved["since"])
        world.streams.put((namespace, connection_id, month), Version(since, held))
    with world.lock:
        world.bill[:] = [CostLine(*line) for line in state["bill"]]
        world.replays = {
            (key[0], key[1], key[2]): (datetime.fromisoformat(at), _answer_of_json(answer))
            for key, at, answer in state["replays"]
        }
        world.costs_calls = Counter(state["costs_calls"])
    world.clock.set(datetime.fromisoformat(state["clock"]))


#: What was accepted once, under whatever settings, is accepted again.
_TAKES_ALL = StandInSettings(
    column_names="documented",
    free_text_types=True,
    exponent_costs=True,
    any_iso_times=True,
    date_only_times=True,
)


def _answer_as_json(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "body": base64.b64encode(answer.body).decode(),
        "headers": answer.headers,
    }


def _answer_of_json(value: dict[str, Any]) -> Answer:
    headers = tuple((name, text) for name, text in value["headers"])
    return Answer(value["status"], base64.b64decode(value["body"]), headers)
