"""Settings of one stream among several in a code location, given in code or in a component's YAML.

They are named as the variables of the environment are, and hold for this stream in their place.
"""

from collections.abc import Mapping

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.overrides import FromVariable, of_stream
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)

#: What a process has once, whatever streams it works for.
OF_THE_PROCESS = frozenset(
    {
        settings.STREAM,
        settings.STREAM_NAME,
        settings.KEY_PREFIX,
        settings.UI_URL,
        settings.EXECUTOR,
        settings.CELERY_BROKER,
        settings.CELERY_SECONDS,
    }
)
_BY_NAME = {one.name: one for one in settings.VARIABLES if one not in OF_THE_PROCESS}


def overrides_of(given: Mapping[str, str]) -> dict[str, str]:
    """The settings of a stream, checked, as `credits_pipeline.core.overrides` takes them.

    Args:
        given: texts, or `dagster.EnvVar` for what is read from another variable when it is used.

    Raises:
        SettingError: a name is not a setting of a stream, or a secret is given as a text.
    """
    for name in given:
        if name not in _BY_NAME:
            raise settings.SettingError(
                f"{name} is not a setting of a stream. It is one of {', '.join(sorted(_BY_NAME))}."
            )
    overrides: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, dg.EnvVar):
            overrides[name] = FromVariable(value.env_var_name)
        elif _BY_NAME[name].secret:
            raise settings.SettingError(
                f"{name} is a secret and can't be part of definitions. What to do: put it into a "
                f'variable of the environment and give that, as dg.EnvVar("EU_{name}").'
            )
        else:
            overrides[name] = value
    return overrides


def connections_of(
    overrides: Mapping[str, str],
) -> dict[str, InboxResource | StorageResource | CloudZeroResource]:
    """The resources of a stream; the environment has what the stream has no value for.

    Raises:
        SettingError: the storage and the inbox lie inside one another.
    """

    def of(variable: settings.Variable) -> str | None:
        value = overrides.get(variable.name)
        return dg.EnvVar(value) if isinstance(value, FromVariable) else value

    storage = of(settings.STORAGE)
    if storage and not isinstance(storage, dg.EnvVar):
        with of_stream(overrides):
            storage = settings.storage_root()
    key = str(overrides.get(settings.API_KEY.name, settings.API_KEY.name))
    return {
        "inbox": InboxResource(bucket=of(settings.BUCKET), prefix=of(settings.PREFIX)),
        "storage": StorageResource(root=storage),
        "cloudzero": CloudZeroResource(
            base_url=of(settings.BASE_URL),
            connection_id=of(settings.CONNECTION_ID),
            api_key_variable=key,
        ),
    }
