"""How commands about findings end if something that they need is out of reach."""

from collections.abc import Iterator
from contextlib import contextmanager

from credits_pipeline.cli.ending import CANT_BE_DONE
from credits_pipeline.cli.output import fail


@contextmanager
def told_errors() -> Iterator[None]:
    """End the command with exit code 2 and the reason.

    Raises:
        Exit: with 2.
    """
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.form import PublishError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.scans.accounts import ScanError  # noqa: PLC0415 - as above

    try:
        yield
    except (BillError, DecisionsError, PublishError, ScanError, SettingError) as error:
        fail(str(error), CANT_BE_DONE)
