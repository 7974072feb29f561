"""What one stream is told beside the environment: its own values, over the process's.

A process may work for several streams. What works for one enters its values with `of_stream`, and
every variable that is read then is the stream's where it has one.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})
_OF_STREAM: ContextVar[Mapping[str, str]] = ContextVar("credits_of_stream", default=_NONE)


class FromVariable(str):
    """A value that is the name of the variable of the environment that holds the real one."""

    __slots__ = ()


@contextmanager
def of_stream(told: Mapping[str, str]) -> Iterator[None]:
    """Work for a stream that is told these values by the names of variables."""
    before = _OF_STREAM.set({**_OF_STREAM.get(), **told})
    try:
        yield
    finally:
        _OF_STREAM.reset(before)


def is_told(name: str) -> bool:
    """Whether the stream has a value of its own, and not the name of a variable."""
    told = _OF_STREAM.get().get(name)
    return told is not None and not isinstance(told, FromVariable)


def variable_of(name: str) -> str:
    """The variable of the environment that holds a value; the stream may have another one."""
    told = _OF_STREAM.get().get(name)
    return str(told) if isinstance(told, FromVariable) else name


def value_of(name: str) -> str:
    """What a variable says to the stream that is worked for; empty where it is not set."""
    if is_told(name):
        return _OF_STREAM.get()[name].strip()
    return os.environ.get(variable_of(name), "").strip()
