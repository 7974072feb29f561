"""The one place of assembly, so that tests and deployments differ only by arguments."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._config.post_process import post_process_config

from credits_pipeline.core.overrides import of_stream
from credits_pipeline.core.settings import (
    EVENTS_QUEUE,
    KEY_PREFIX,
    STREAM,
    STREAM_NAME,
    Schedule,
    one_of,
)
from credits_pipeline.core.settings import key_prefix as current_prefix
from credits_pipeline.credits.assets.assets import credits_assets, inbox_asset
from credits_pipeline.credits.assets.checks import credits_checks, later_checks
from credits_pipeline.credits.assets.executor import executor_of_settings
from credits_pipeline.credits.assets.io_manager import MonthIOManager
from credits_pipeline.credits.assets.lasting import lasting
from credits_pipeline.credits.assets.names import Names, prefix_of
from credits_pipeline.credits.assets.partitions import monthly_partitions
from credits_pipeline.credits.assets.reconcile import later_jobs
from credits_pipeline.credits.assets.schedules import credits_schedules
from credits_pipeline.credits.assets.sensors import credits_sensors
from credits_pipeline.credits.assets.stream_settings import connections_of, overrides_of
from credits_pipeline.credits.assets.wings import finops_is_in_use
from credits_pipeline.credits.model.names import DROP, MONTH_JOB

if TYPE_CHECKING:
    from credits_pipeline.finops.assets.build import FinopsDefinitions

#: Providers write manifests a few times a day, and each check lists every source.
_MANIFESTS_SECONDS = 60
_BILLS = "bills"
_NAME = re.compile(r"[A-Za-z0-9_]+")


def build_definitions(
    *,
    schedule: Schedule | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: dg.ExecutorDefinition | None = None,
    key_prefix: str | Sequence[str] | None = None,
    group: str = "credits",
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
    called: str = "",
) -> dg.Definitions:
    """Assemble one stream: its assets, checks, jobs, schedules, sensors and resources.

    Nothing in it has a name that a code location can have only once, so it can be merged with what
    is there already: `Definitions.merge(build_definitions(), ours)`.

    Args:
        schedule: what must be known at load; default: from the settings.
        resources: replacements for ``inbox``, ``storage``, ``cloudzero`` or ``bills``.
        executor: runs the steps of our jobs; default: from the environment. One process per run
            suits a few short steps, because they share their imports.
        key_prefix: the prefix of every asset key; default: the name, else CREDITS_KEY_PREFIX.
        group: the group that the UI shows the assets in.
        name: of one of several streams in a code location; default: CREDITS_STREAM_NAME. It is the
            suffix of jobs, sensors, schedules and resources. Bills of clouds belong to the stream
            without a name.
        settings: of this stream alone, by the names of the variables. A `dagster.EnvVar` is the
            name of another variable that has the value; a secret must be given so.
        called: what `credits-pipeline --stream` takes for this stream. Reports have commands to
            paste that say it.

    Raises:
        SettingError: a variable needed at load can't be used, or is not a setting of a stream.
        ValueError: the name can't be part of a name in Dagster.
    """
    names = _names(key_prefix, group, name)
    overrides = {**names.overrides, **overrides_of(settings or {})}
    if called:
        overrides[STREAM.name] = called
    with of_stream(overrides):
        return _assembled(
            replace(names, overrides=overrides),
            schedule or Schedule.from_environment(),
            executor or executor_of_settings(),
            resources or {},
        )


def _names(key_prefix: str | Sequence[str] | None, group: str, name: str | None) -> Names:
    """The names of a stream's parts, and its settings that say them."""
    stream = STREAM_NAME.text() if name is None else name
    if stream and not _NAME.fullmatch(stream):
        raise ValueError(
            f"name={stream!r} can't be used: letters, digits and underscores make up the name of a "
            "stream."
        )
    overrides = {STREAM_NAME.name: stream}
    if name:
        # An event in a queue that two streams share would reach only one of them.
        overrides[EVENTS_QUEUE.name] = ""
    if key_prefix is not None or name is not None:
        overrides[KEY_PREFIX.name] = "/".join(prefix_of(key_prefix or ()))
    with of_stream(overrides):
        return Names(current_prefix(), group, stream, overrides)


def _assembled(
    names: Names,
    schedule: Schedule,
    executor: dg.ExecutorDefinition,
    resources: Mapping[str, Any],
) -> dg.Definitions:
    partitions = monthly_partitions(schedule.start_month)
    used: dict[str, Any] = {
        **connections_of(names.overrides),
        **resources,
    }
    used.setdefault("io_manager", MonthIOManager(storage=used["storage"]))
    months = credits_assets(partitions, schedule.owners, names)
    job = dg.define_asset_job(
        names.called(MONTH_JOB),
        selection=dg.AssetSelection.assets(*months) - later_checks(names),
        description="One billing month, from the file in S3 to the verified drop in CloudZero.",
        executor_def=executor,
    )
    ours = {names.resource(short): used[short] for short in used if short != _BILLS}
    bills = None if names.stream else _bills(schedule, executor, names, partitions, used["storage"])
    if bills is not None:
        ours |= {**bills.resources, **{key: used[key] for key in used if key == _BILLS}}
    return dg.Definitions(
        assets=[
            inbox_asset(schedule.owners, names),
            *months,
            *(bills.assets if bills else ()),
        ],
        asset_checks=[
            *map(lasting, credits_checks(partitions, names)),
            *map(lasting, bills.asset_checks if bills else ()),
        ],
        jobs=[job, *later_jobs(names, executor), *(bills.jobs if bills else ())],
        schedules=[
            *credits_schedules(schedule, names),
            *(bills.schedules if bills else ()),
        ],
        sensors=[*credits_sensors(schedule, job, names), *(bills.sensors if bills else ())],
        resources={key: _not_of_a_run(resource) for key, resource in ours.items()},
    )


def build_code_location() -> dg.Definitions:
    """The pipeline as its own code location: runs from an asset's page have its executor too.

    Raises:
        SettingError: a variable that is needed at load can't be used.
    """
    executor = executor_of_settings()
    return dg.Definitions.merge(
        build_definitions(executor=executor), dg.Definitions(executor=executor)
    )


def _bills(
    schedule: Schedule,
    executor: dg.ExecutorDefinition,
    names: Names,
    months: dg.PartitionsDefinition[str],
    storage: Any,
) -> "FinopsDefinitions | None":
    """What the second wing adds, if it is in use."""
    if not finops_is_in_use():
        return None
    from credits_pipeline.finops.assets.build import (  # noqa: PLC0415 - only where it is in use
        Terms,
        build_finops_definitions,
    )
    from credits_pipeline.finops.settings import AUTOMATION  # noqa: PLC0415 - as above

    automation = AUTOMATION.read(one_of("on", "off")) == "on"
    return build_finops_definitions(
        Terms(
            automation=schedule.automation and automation,
            seconds=max(_MANIFESTS_SECONDS, schedule.sensor_seconds),
            owners=schedule.owners,
            executor=executor,
            drop=names.asset(DROP),
            months=months,
            credits_root=getattr(storage, "root", None),
        )
    )


def _not_of_a_run(resource: Any) -> Any:
    """A resource that no run config can change.

    Dagster lets whoever starts a run override a resource's fields. These fields say which server
    receives CloudZero's key, and which environment variable that is. Each run and each tick gets
    its own resource, as in Dagster: what one has read of a secret is not what the next uses.
    """
    if not isinstance(resource, dg.ConfigurableResource):
        return resource
    definition: Any = (
        dg.IOManagerDefinition
        if isinstance(resource, dg.ConfigurableIOManager)
        else dg.ResourceDefinition
    )

    def made(context: dg.InitResourceContext) -> Iterator[Any]:
        # Like `process_config_and_initialize_cm`, with the instance of the run or tick: that makes
        # an ephemeral one for each resource, whose tables cost more than the steps of a small
        # month.
        given = post_process_config(
            resource._config_schema.config_type,  # noqa: SLF001 - as Dagster does it
            resource._convert_to_config_dictionary(),  # noqa: SLF001 - as above
        )
        if not given.success:
            raise dg.DagsterInvalidConfigError(  # type: ignore[no-untyped-call]
                f"Fields of {type(resource).__name__} can't be used", given.errors, given
            )
        with resource.from_resource_context_cm(
            context.replace_config(given.value), nested_resources=resource.nested_resources
        ) as ready:
            yield ready

    # The UI shows what it is called as the resource's type.
    kind = type(resource)
    made.__module__, made.__name__, made.__qualname__ = (
        kind.__module__,
        kind.__name__,
        kind.__qualname__,
    )
    return definition(made, config_schema={}, description=inspect.getdoc(resource))
