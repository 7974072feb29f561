"""Where the steps of a run are executed, which is a setting: in the run's process, or elsewhere.

Concept: https://docs.dagster.io/guides/operate/run-executors. Whole runs go to other machines by
a run launcher in ``dagster.yaml``, which needs no executor but the default.
"""

from typing import Any

import dagster as dg

from credits_pipeline.core import settings

#: Polars' threads do not survive a fork, so that a process of its own begins empty.
_SPAWN: dict[str, Any] = {"start_method": {"spawn": {}}}


def executor_of_settings() -> dg.ExecutorDefinition:
    """The executor that CREDITS_EXECUTOR names, configured, so that no run needs run config for it.

    Raises:
        SettingError: it names none, or Celery's settings are missing.
    """
    name = settings.EXECUTOR.read(settings.one_of("in_process", "multiprocess", "celery"))
    if name == "celery":
        return _celery()
    if name == "multiprocess":
        return dg.multiprocess_executor.configured(_SPAWN, name="multiprocess")
    return dg.in_process_executor


def celery_config(broker: Any) -> dict[str, Any]:
    """What the executor and Celery's workers have to agree on.

    A step stays its worker's until it has ended, and goes to another when nothing was heard of it
    for CREDITS_CELERY_SECONDS. A step whose process died alone fails, and its run is retried a few
    times: handed on for ever it could end one process after the other.

    Args:
        broker: Redis, as its URL or as Dagster's name of a variable.

    Raises:
        SettingError: the seconds can't be used.
    """
    seconds = settings.CELERY_SECONDS.read(settings.at_least(1))
    return {
        "broker": broker,
        "backend": broker,
        "config_source": {
            "task_acks_late": True,
            "worker_prefetch_multiplier": 1,
            "broker_transport_options": {"visibility_timeout": seconds},
            "broker_connection_retry_on_startup": True,
            # A run's line of JSON stays a line of JSON on standard output.
            "worker_redirect_stdouts": False,
        },
    }


def _celery() -> dg.ExecutorDefinition:
    try:
        from dagster_celery import celery_executor  # noqa: PLC0415 - only where it is asked for
    except ImportError as error:
        raise settings.SettingError(
            "CREDITS_EXECUTOR=celery needs packages that are not installed: "
            "pip install '.[celery]' in the project's folder."
        ) from error
    settings.CELERY_BROKER.read(settings.redis_address)
    # Its name and not its value: what a code location tells of itself holds no password.
    return celery_executor.configured(
        celery_config({"env": settings.CELERY_BROKER.name}), name="celery"
    )
