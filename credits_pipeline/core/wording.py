"""Numbers with their nouns."""


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 account``, ``1,200 accounts``.

    Args:
        number: how many.
        noun: in the singular; its plural ends with an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
