"""Where the steps of a run are executed, as set: in the run's process, or elsewhere.

Concept: https://docs.dagster.io/guides/operate/run-executors. A run launcher in ``dagster.yaml``
sends whole runs to other machines; that needs no executor but the default.
"""

from typing import Any

import dagster as dg

from credits_pipeline.core import settings

#: Polars' threads do not survive a fork, so a separate process starts empty.
_SPAWN: dict[str, Any] = {"start_method": {"spawn": {}}}


def executor_of_settings() -> dg.ExecutorDefinition:
    """The executor that CREDITS_EXECUTOR names, configured, so that runs need no run config for it.

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
    """What the executor and Celery's workers must agree on.

    A step belongs to its worker until it has ended, and goes to another one after
    CREDITS_CELERY_SECONDS of silence. A step whose process died alone fails, and its run is
    retried a few times: passed on for ever, it could kill one process after the other.

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
    # The variable's name and not its value: a code location's description must show no password.
    return celery_executor.configured(
        celery_config({"env": settings.CELERY_BROKER.name}), name="celery"
    )
