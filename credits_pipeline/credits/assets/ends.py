"""The end of a step that stopped on purpose, which Dagster shows as a sentence.

Dagster keeps every error with its stack trace, except one that says it is the account of another
process. That exception is Dagster's own, not part of its public interface.
"""

from typing import Any

import dagster as dg

from credits_pipeline.credits.assets import showing
from credits_pipeline.text import Outside


def plain_error() -> type[Exception]:
    """The base of errors that Dagster shows without a stack trace.

    A Dagster that lacks what this needs, or makes it otherwise, gets an ordinary exception: the
    sentence is shown first as before, and Dagster adds the stack trace below it.
    """
    try:
        from dagster._core.errors import (  # noqa: PLC0415 - may be missing
            DagsterUserCodeProcessError,
        )
        from dagster_shared.error import SerializableErrorInfo  # noqa: PLC0415 - as above

        class PlainError(DagsterUserCodeProcessError):
            """An error that brings its own account of itself."""

            def __init__(self, *told: object) -> None:
                account = SerializableErrorInfo("".join(f"{one}\n" for one in told), [], None)
                super().__init__(  # type: ignore[no-untyped-call]
                    *told, user_code_process_error_infos=[account]
                )

        PlainError("tried once, as a changed one would otherwise fail where a month is refused")
    except Exception:  # noqa: BLE001 - whatever a Dagster raises that has changed these
        return Exception
    return PlainError


#: Without a type of its own for the type checker, which can't know a base that is made.
_Base: Any = plain_error()


class Refused(dg.Failure, _Base):  # type: ignore[misc]
    """A step that stopped on purpose, after its attempt was written."""

    def __init__(self, description: Outside, shown: dict[str, Any] | None = None) -> None:
        super().__init__(
            description=showing.description(description), metadata=shown, allow_retries=False
        )
