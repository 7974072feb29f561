"""Policies as YAML that people write, in a file or on a page, read with their line numbers.

Floats that can't be stored exactly are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from credits_pipeline.core.yaml_outside import Document, YamlError, write_yaml
from credits_pipeline.finops.governance.policy import DECIMAL, FIELDS, Policy, PolicyError

_LARGEST = 200_000


class PolicyTextError(ValueError):
    """The text can't be read; the message says where, and what to do."""


@dataclass(frozen=True)
class Written:
    """One policy as written.

    Attributes:
        policy: what it says.
        body: its stored form.
        line: where it begins.
    """

    policy: Policy
    body: dict[str, Any]
    line: int


def read(text: str, *, name: str = "the text") -> list[Written]:
    """The policies of a text: one mapping, a list of them, or a list under ``policies``.

    Args:
        text: YAML.
        name: of it, for messages.

    Raises:
        PolicyTextError: it is not YAML, or a policy in it can't be used; with the line.
    """
    if len(text) > _LARGEST:
        raise PolicyTextError(
            f"{name} has {len(text)} characters. What to do: use at most {_LARGEST} in one file."
        )
    try:
        document = Document(text)
        found = [
            (one.start_mark.line + 1, document.value(one), _lines(one))
            for one in _nodes(document.node, name)
        ]
    except YamlError as error:
        raise PolicyTextError(
            f"{error.where(name)}: it is not YAML that can be used: {error.problem}. What to do: "
            "correct the line."
        ) from None
    return [_written(name, line, body, lines) for line, body, lines in found]


def _nodes(node: Any, name: str) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        under = [value for key, value in node.value if key.value == "policies"]
        if not under:
            return [node]
        node = under[0]
    if isinstance(node, yaml.SequenceNode) and node.value:
        return list(node.value)
    raise PolicyTextError(
        f"{name} contains no policy. What to do: write a mapping with id, name, type, severity, "
        "when and say, or a list of such mappings."
    )


def _lines(node: Any) -> dict[str, int]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def _written(name: str, line: int, body: Any, lines: Mapping[str, int]) -> Written:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise PolicyTextError(
            f"{name}, line {line}: the policy has no id. What to do: write id: my-policy."
        )
    try:
        policy = Policy.of(body["id"], body)
    except PolicyError as error:
        at = lines.get(error.field, line)
        raise PolicyTextError(f"{name}, line {at}: {error}") from None
    kept = {key: _kept(value) for key, value in body.items() if key != "id"}
    return Written(policy, kept, line)


def _kept(value: Any) -> Any:
    """A value in the form of decisions: without floats."""
    if isinstance(value, float):
        return {DECIMAL: format(value, "f") if value == int(value) else repr(value)}
    if isinstance(value, dict):
        return {str(key): _kept(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_kept(one) for one in value]
    return value


def written(policy_id: str, body: Mapping[str, Any]) -> str:
    """A policy as YAML that `read` accepts."""
    # The store returns fields sorted by name.
    ordered = [name for name in FIELDS if name in body]
    whole = {"id": policy_id, **{name: body[name] for name in ordered}}
    return write_yaml(whole, sort_keys=False, allow_unicode=True, width=88)
