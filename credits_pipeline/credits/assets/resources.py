"""The inbox, the storage and CloudZero's stream as Dagster resources: connections with a schema.

A secret is never part of a resource's configuration: the UI shows that.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from credits_pipeline.core import settings
from credits_pipeline.credits.delivery.connections import (
    InboxConnection,
    StorageConnection,
    StreamConnection,
)

if TYPE_CHECKING:
    from credits_pipeline.credits.delivery.secret import Secret


class InboxResource(dg.ConfigurableResource[Any], InboxConnection):
    """The bucket and prefix that credits files are uploaded to."""

    bucket: str | None = Field(default=None, description="Default: CREDITS_BUCKET.")
    prefix: str | None = Field(default=None, description="Default: CREDITS_PREFIX.")


class StorageResource(dg.ConfigurableResource[Any], StorageConnection):
    """Where the pipeline keeps what it made."""

    root: str | None = Field(
        default=None, description="A folder or s3://bucket/prefix. Default: CREDITS_STORAGE."
    )


class CloudZeroResource(dg.ConfigurableResource[Any], StreamConnection):
    """One AnyCost Stream. Dagster creates the resource for each run and tick."""

    base_url: str | None = Field(default=None, description="Default: CLOUDZERO_BASE_URL.")
    connection_id: str | None = Field(default=None, description="Default: CLOUDZERO_CONNECTION_ID.")
    api_key_variable: str = Field(
        default=settings.API_KEY.name, description="The name of the variable that holds the key."
    )
    _secret: "Secret | None" = PrivateAttr(default=None)
