"""What goes wrong when a bill is read, as one kind of exception.

``passes`` says whether a later retry is likely to help (a store that is down), or whether a person
has to do something first (a key without read permission).
"""


class BillError(Exception):
    """A bill can't be read now. The message says what happened, where, and what to do."""

    #: Whether the reason is temporary, so that the month is retried without anyone's help.
    passes: bool = False

    def __init__(self, message: str, *, passes: bool | None = None) -> None:
        super().__init__(message)
        if passes is not None:
            self.passes = passes
