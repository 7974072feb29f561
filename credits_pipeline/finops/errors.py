"""What goes wrong with a bill on its way in, as one kind of exception.

``passes`` says whether trying again later is likely to help (a store that is down), or whether a
person has to do something first (a key that may not read).
"""


class BillError(Exception):
    """A bill can't be taken in now. The message says what happened, where, and what to do."""

    #: Whether it may pass by itself, so that the month is tried again without anyone's help.
    passes: bool = False

    def __init__(self, message: str, *, passes: bool | None = None) -> None:
        super().__init__(message)
        if passes is not None:
            self.passes = passes
