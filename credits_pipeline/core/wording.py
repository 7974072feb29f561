"""Numbers with their nouns."""


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 account``, ``1,200 accounts``.

    Args:
        number: how many.
        noun: in the singular; its plural ends with an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def all_of(number: int, noun: str) -> str:
    """Everything that is meant: ``the 1 account``, ``all 23 accounts``."""
    return f"{'the' if number == 1 else 'all'} {counted(number, noun)}"
