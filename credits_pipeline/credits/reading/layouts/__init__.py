"""The layouts, a module each, and the one list of them: the first that recognises a file reads it."""

from types import ModuleType

from credits_pipeline.credits.reading.layouts import headerless

#: In the order in which they are asked.
LAYOUTS: tuple[ModuleType, ...] = (headerless,)
