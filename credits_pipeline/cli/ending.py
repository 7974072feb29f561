"""How commands end: one table from the errors that can stop a command to its exit code.

0: all is well. 1: something waits for a person, or is wrong. 2: the command can't be carried out,
and it changed nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from credits_pipeline.cli.output import fail

CANT_BE_DONE = 2


@contextmanager
def told_if_impossible() -> Iterator[None]:
    """End the command with exit code 2 and the reason if something that it needs is out of reach.

    Raises:
        Exit: with 2.
    """
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - when used
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - loads the AWS SDK
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.cloudzero.plan import PlanError  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.inbox.bucket import InboxError  # noqa: PLC0415 - loads the AWS SDK

    try:
        yield
    except (CloudZeroError, PlanError, InboxError, SettingError, StorageError) as error:
        fail(str(error), CANT_BE_DONE)
