"""What every refusal of the store is."""


class DecisionsError(Exception):
    """The store can't be read or written; the message says what to do."""
