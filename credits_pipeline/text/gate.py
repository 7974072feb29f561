"""The gate of failures: what a step raises is shown by Dagster, with every error that led to it.

An error's words are often from outside: a file's text, a server's answer, a name. They are made
visible before they leave the step, the chain of causes included; the types stay what they are.
"""

from collections.abc import Callable
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, TypeVar

from credits_pipeline.text.outside import Outside

_Function = TypeVar("_Function", bound=Callable[..., Any])
#: A longer chain of causes is a fault of its own.
_MOST = 50


class WordsFromOutsideError(Exception):
    """Stands for an error whose words can't be replaced; it says its type and what it said."""


def gated(function: _Function) -> _Function:
    """A function of which no error leaves with a text that acts or that nobody can see."""
    # Each raises past its `except`: what is raised inside one leads back to what was caught there.
    if isgeneratorfunction(function):

        @wraps(function)
        def passing(*args: Any, **given: Any) -> Any:
            try:
                # Dagster begins a generator at another moment than it calls a function.
                return (yield from function(*args, **given))
            except Exception as error:  # noqa: BLE001 - it goes on
                found = shown(error)
            raise found

    else:

        @wraps(function)
        def passing(*args: Any, **given: Any) -> Any:
            try:
                return function(*args, **given)
            except Exception as error:  # noqa: BLE001 - it goes on
                found = shown(error)
            raise found

    passing.__gated__ = True  # type: ignore[attr-defined]
    return passing  # type: ignore[return-value]


def shown(error: BaseException, _depth: int = 0) -> BaseException:
    """The error with words that can be shown, and so each that led to it; mostly itself."""
    if _depth >= _MOST:
        return WordsFromOutsideError("there are more errors behind this one")
    found = _worded(error)
    cause, context = error.__cause__, error.__context__
    hidden = error.__suppress_context__
    found.__cause__ = None if cause is None else shown(cause, _depth + 1)
    # What nobody is shown need not be looked at, and must not be kept either.
    follows = context is not None and context is not cause and not hidden
    found.__context__ = shown(context, _depth + 1) if follows and context is not None else None
    found.__suppress_context__ = hidden
    if getattr(found, "__notes__", None):
        found.__notes__ = [_words(note) for note in found.__notes__]
    return found


def _worded(error: BaseException) -> BaseException:
    said = _said(error)
    wanted = _words(said)
    if said == wanted:
        return error
    error.args = (wanted,)
    if _said(error) == wanted:
        return error
    # Its text is made of parts of its own, such as an OSError's file.
    told = WordsFromOutsideError(f"{type(error).__name__}: {wanted}")
    return told.with_traceback(error.__traceback__)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - an error that can't say what it is
        return f"it says nothing: {type(fault).__name__}"


def _words(said: str) -> str:
    return Outside(said).lines()
