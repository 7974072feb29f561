"""The names of our assets, jobs and resources in a code location that others share.

An asset is identified by its whole key, never by the key's last part or the group. Two streams in
one location differ in their keys and in the suffix of every other name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction, signature
from typing import Any, Self

import dagster as dg

from credits_pipeline.core.overrides import of_stream
from credits_pipeline.credits.model.names import CREDITS, DROP, PAYLOAD, RAW
from credits_pipeline.text import gated

#: What functions call their resources; in a code location the names are longer.
_RESOURCES = frozenset({"inbox", "storage", "cloudzero"})

StepContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass(frozen=True)
class Names:
    """The names of one stream.

    Attributes:
        prefix: what the key of every asset begins with.
        group: the group that the UI shows the assets in; nothing is looked up by it.
        stream: the suffix of all other names; empty for the only stream of a location.
        overrides: the stream's own settings; see `credits_pipeline.core.overrides`.
    """

    prefix: tuple[str, ...] = ()
    group: str = "credits"
    stream: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of_step(cls, context: StepContext) -> Self:
        """The names, as far as the keys of the running step show them."""
        made = context.op_execution_context.assets_def
        key = next(iter(made.keys), None) or next(iter(made.check_keys)).asset_key
        return cls(tuple(key.path[:-1]))

    def asset(self, noun: str) -> dg.AssetKey:
        """The whole key of one of our assets."""
        return dg.AssetKey([*self.prefix, noun])

    @property
    def months(self) -> tuple[dg.AssetKey, ...]:
        """The assets that are partitioned by month."""
        return tuple(self.asset(noun) for noun in (RAW, CREDITS, PAYLOAD, DROP))

    def op(self, noun: str) -> str:
        """What run config and the steps of a run call an asset."""
        return self.asset(noun).to_python_identifier()

    def called(self, name: str) -> str:
        """The name of a job, sensor, schedule, check's step or plain step."""
        return f"{name}_{self.stream}" if self.stream else name

    def resource(self, short: str) -> str:
        """The key of a resource."""
        return self.called(f"credits_{short}")

    def bound(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function as Dagster should see it: its resources under the keys that they have here.

        It works for the stream, whose settings hold wherever it reads one.
        """
        seen = signature(function, eval_str=True)
        keys = {short: self.resource(short) for short in seen.parameters if short in _RESOURCES}
        shorts = {key: short for short, key in keys.items()}
        shown = seen.replace(
            parameters=[
                one.replace(name=keys.get(name, name)) for name, one in seen.parameters.items()
            ]
        )
        return _shown_as(function, shown, shorts, self.overrides)


def _shown_as(
    function: Callable[..., Any],
    shown: Any,
    shorts: Mapping[str, str],
    overrides: Mapping[str, str],
) -> Callable[..., Any]:
    def with_short_names(given: Mapping[str, Any]) -> dict[str, Any]:
        return {shorts.get(name, name): value for name, value in given.items()}

    if isgeneratorfunction(function):

        @wraps(function)
        def bound(*args: Any, **given: Any) -> Any:
            # Dagster begins a generator at another moment than it calls a function.
            yield from _for_a_stream(function(*args, **with_short_names(given)), overrides)

    else:

        @wraps(function)
        def bound(*args: Any, **given: Any) -> Any:
            with of_stream(overrides):
                return function(*args, **with_short_names(given))

    bound = gated(bound)
    bound.__signature__ = shown  # type: ignore[attr-defined]
    bound.__annotations__ = {
        name: one.annotation
        for name, one in shown.parameters.items()
        if one.annotation is not one.empty
    } | {"return": shown.return_annotation}
    return bound


def _for_a_stream(values: Iterator[Any], overrides: Mapping[str, str]) -> Iterator[Any]:
    """The values of a generator that works for a stream, and not between two of them."""
    while True:
        with of_stream(overrides):
            try:
                value = next(values)
            except StopIteration:
                return
        yield value


def prefix_of(key_prefix: str | Sequence[str]) -> tuple[str, ...]:
    """A key prefix as Dagster accepts it: one part, or several."""
    return (key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix)
