"""One stream's own values, in place of those that the environment has for the whole process.

A process may work for several streams. Code that works for one enters its values with `of_stream`;
from then on a variable has the stream's value, if the stream has one.
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
def of_stream(overrides: Mapping[str, str]) -> Iterator[None]:
    """Work for a stream that has these values, by the names of variables."""
    before = _OF_STREAM.set({**_OF_STREAM.get(), **overrides})
    try:
        yield
    finally:
        _OF_STREAM.reset(before)


def is_overridden(name: str) -> bool:
    """Whether the stream has a value of its own, and not the name of a variable."""
    value = _OF_STREAM.get().get(name)
    return value is not None and not isinstance(value, FromVariable)


def variable_of(name: str) -> str:
    """The variable of the environment that holds a value; the stream may have another one."""
    value = _OF_STREAM.get().get(name)
    return str(value) if isinstance(value, FromVariable) else name


def value_of(name: str) -> str:
    """A variable's value for the stream at hand; empty if it is not set."""
    if is_overridden(name):
        return _OF_STREAM.get()[name].strip()
    return os.environ.get(variable_of(name), "").strip()
