"""A log of which no line acts on the terminal that it is printed to, whatever its words are."""

import logging
from typing import Any

from credits_pipeline.text.outside import Outside


class Log(logging.LoggerAdapter[logging.Logger]):
    """A logger that makes each line whole, and then visible."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """See `logging.Logger.log`."""
        if self.isEnabledFor(level):
            said = str(msg) % args if args else str(msg)
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
            self.logger.log(level, "%s", Outside(said).line(), **kwargs)


def log_of(name: str) -> Log:
    """The log of a module.

    Args:
        name: its ``__name__``.
    """
    return Log(logging.getLogger(name))
