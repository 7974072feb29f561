"""YAML from outside: any text yields a value or a `YamlError` with its place, and nothing else.

A few aliases can turn one line into gigabytes, and a few thousand brackets end a parser.
"""

from typing import Any

import yaml

_DEEPEST = 50
#: How many times larger than its text a value may become by its aliases.
_EXPANSION = 4
_FREE = 100_000


class YamlError(ValueError):
    """It can't be used.

    Attributes:
        problem: what is wrong.
        line: where, from 1; None if that is not known.
        column: as above.
    """

    def __init__(self, problem: str, mark: Any = None) -> None:
        self.problem = problem
        self.line: int | None = None if mark is None else mark.line + 1
        self.column: int | None = None if mark is None else mark.column + 1
        super().__init__(problem if mark is None else f"{self._at}: {problem}")

    @property
    def _at(self) -> str:
        return f"line {self.line}, column {self.column}"

    def where(self, name: str) -> str:
        """The place in a text of this name, as far as it is known."""
        return name if self.line is None else f"{name}, {self._at}"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml ships no types
    """Reads dates as the text in which they are written, and no key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if (key.tag, key.value) in seen:
                        raise YamlError(f"{key.value[:80]!r} occurs twice", key.start_mark)
                    seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, found) for tag, found in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # as above
    """Repeats a value in full where it occurs again, instead of an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's own signature
        return True


def read_yaml(text: str) -> Any:
    """Read YAML that somebody else wrote.

    Raises:
        YamlError: it is not YAML, holds a key twice, or is nested or repeated beyond reason.
    """
    return Document(text).value()


def write_yaml(value: Any, **how: Any) -> str:
    """A value as YAML without aliases; `how` as for `yaml.dump`."""
    return str(yaml.dump(value, Dumper=_Dumper, **how))


class Document:
    """A text whose nodes know their lines."""

    def __init__(self, text: str) -> None:
        """Read the nodes.

        Raises:
            YamlError: see `read_yaml`.
        """
        self.node: Any = None
        try:
            self._loader = _Loader(text)
            self.node = self._loader.get_single_node()
        except Exception as error:  # noqa: BLE001 - a parser fails in ways of its own
            raise _told(error) from None
        most = max(_FREE, _EXPANSION * len(text))
        if self.node is not None and _weight(self.node, {}, 0, most) > most:
            raise YamlError(
                "its aliases (*name) repeat more than a file can hold", self.node.start_mark
            )

    def value(self, node: Any = None) -> Any:
        """The value of a node; of the whole text without one.

        Raises:
            YamlError: it says what it can't be.
        """
        wanted = self.node if node is None else node
        if wanted is None:
            return None
        try:
            return self._loader.construct_document(wanted)
        except Exception as error:  # noqa: BLE001 - as above
            raise _told(error, wanted.start_mark) from None


def _weight(node: Any, known: dict[int, int], depth: int, most: int) -> int:
    """How large a node becomes, each alias counted as what it stands for."""
    if depth > _DEEPEST:
        raise YamlError(f"it is nested more than {_DEEPEST} deep", node.start_mark)
    found = known.get(id(node))
    if found is not None:
        # Zero marks what is being weighed: it stands within itself.
        if found == 0:
            raise YamlError("it stands within itself", node.start_mark)
        return found
    known[id(node)] = 0
    parts: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        parts = [one for pair in node.value for one in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = list(node.value)
    weight = 1 if parts else 1 + len(node.value)
    for part in parts:
        weight = min(weight + _weight(part, known, depth + 1, most), most + 1)
    known[id(node)] = weight
    return weight


def _told(error: Exception, mark: Any = None) -> YamlError:
    if isinstance(error, YamlError):
        return error
    if isinstance(error, RecursionError):
        return YamlError(f"it is nested more than {_DEEPEST} deep")
    if isinstance(error, yaml.YAMLError):
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        return YamlError(problem[:300], getattr(error, "problem_mark", None) or mark)
    # A number of a million digits, a truth that is none.
    return YamlError(f"it holds a value that can't be read ({type(error).__name__})", mark)
