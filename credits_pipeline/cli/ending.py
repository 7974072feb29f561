"""How commands end: one table from what kept a command from being carried out to its exit code.

0: all is well. 1: something waits for a person, or is wrong. 2: the command can't be carried out,
and nothing was changed by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from credits_pipeline.cli.output import fail

CANT_BE_DONE = 2


@contextmanager
def told_if_impossible() -> Iterator[None]:
    """End the command with exit code 2 and the reason, where a part that it needs is out of reach.

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
