"""The pipeline as a component of `dg`: each YAML file is one stream.

Concept: https://docs.dagster.io/guides/build/components. Attributes that are left out come from the
environment, as for the pipeline on its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)


@dataclass
class CreditsPipelineComponent(dg.Component, dg.Resolvable):
    """Monthly AWS credits files from S3 to verified drops in one AnyCost Stream of CloudZero.

    Attributes:
        name: of this stream, if a code location has several; it is the suffix of job and sensor
            names, and the key prefix if none is given.
        key_prefix: the prefix of every asset key, part by part.
        group: the group that the UI shows the assets in.
        owners: e-mail addresses, and teams as team:name. Default: CREDITS_OWNERS.
        start_month: the first month, as YYYY-MM. Default: CREDITS_START_MONTH.
        automation: whether sensors start with the daemon. Default: CREDITS_AUTOMATION.
        sensor_seconds: between two checks of the inbox. Default: CREDITS_SENSOR_SECONDS.
        events_queue: URL of the SQS queue that receives the bucket's events. Default:
            CREDITS_EVENTS_QUEUE, for a stream without a name.
        bucket: where files are uploaded. Default: CREDITS_BUCKET.
        prefix: what the keys of files start with. Default: CREDITS_PREFIX.
        storage: a folder or s3://bucket/prefix for this stream alone. Default: CREDITS_STORAGE.
        connection_id: of the AnyCost Stream. Default: CLOUDZERO_CONNECTION_ID.
        api_key_variable: the name of the variable that has CloudZero's key, never the key.
        base_url: where CloudZero's API is reached. Default: CLOUDZERO_BASE_URL.
    """

    name: str = ""
    key_prefix: Sequence[str] = field(default_factory=list)
    group: str = "credits"
    owners: Sequence[str] | None = None
    start_month: str | None = None
    automation: bool | None = None
    sensor_seconds: int | None = None
    events_queue: str | None = None
    bucket: str | None = None
    prefix: str | None = None
    storage: str | None = None
    connection_id: str | None = None
    api_key_variable: str = settings.API_KEY.name
    base_url: str | None = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """The stream.

        Raises:
            SettingError: a setting can't be used, or a stream with a name lacks one of its own.
        """
        self._refuse_what_two_would_share()
        return build_definitions(
            schedule=self._schedule(),
            resources={
                "inbox": InboxResource(bucket=self.bucket, prefix=self.prefix),
                "storage": StorageResource(root=self.storage),
                "cloudzero": CloudZeroResource(
                    base_url=self.base_url,
                    connection_id=self.connection_id,
                    api_key_variable=self.api_key_variable,
                ),
            },
            key_prefix=self.key_prefix,
            group=self.group,
            name=self.name,
        )

    def _refuse_what_two_would_share(self) -> None:
        own = {
            "bucket": self.bucket,
            "storage": self.storage,
            "connection_id": self.connection_id,
        }
        missing = [name for name, value in own.items() if not value]
        if self.name and missing:
            raise settings.SettingError(
                f"The stream {self.name} has no {' and no '.join(missing)} of its own. What to do: "
                "set it in the component's attributes, as two streams must not share one."
            )

    def _schedule(self) -> settings.Schedule:
        schedule = settings.Schedule.from_environment()
        told: dict[str, Any] = {}
        if self.start_month is not None:
            told["start_month"] = _read("start_month", self.start_month, BillingMonth.parse)
        if self.owners is not None:
            told["owners"] = _read("owners", ",".join(self.owners), settings.owners)
        if self.automation is not None:
            told["automation"] = self.automation
        if self.sensor_seconds is not None:
            seconds = str(self.sensor_seconds)
            told["sensor_seconds"] = _read("sensor_seconds", seconds, settings.at_least(1))
        if self.events_queue is not None or self.name:
            told["events_queue"] = self.events_queue or ""
        return replace(schedule, **told)


def _read(name: str, text: str, parse: Any) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise settings.SettingError(
            f"{name}: {text!r} in the component's attributes can't be used: {error}."
        ) from None
