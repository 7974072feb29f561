"""The pipeline as a component of `dg`: each YAML file is one stream.

Concept: https://docs.dagster.io/guides/build/components. Attributes that are left out come from the
environment, as for the pipeline on its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.stream_settings import OF_THE_PROCESS, overrides_of

#: A field is called as its variable is, without what stands in front; of a secret it names the
#: variable that holds it.
_FIELDS = {
    one.name.partition("_")[2].lower() + ("_variable" if one.secret else ""): one
    for one in settings.VARIABLES
    if one not in OF_THE_PROCESS
}
#: Settings that are neither a text nor a whole number in YAML.
_KINDS: dict[settings.Variable, Any] = {
    settings.OWNERS: Sequence[str],
    settings.ALERT_EMAIL: Sequence[str],
    settings.AUTOMATION: bool,
    settings.DUE_DAY: int | str,
}
_TYPE = "CreditsPipelineComponent"
_NEEDED = ("bucket", "storage", "connection_id")


def _kind(variable: settings.Variable) -> Any:
    """The type of a field, as YAML has it."""
    if variable in _KINDS:
        return _KINDS[variable]
    return int if (variable.default or "").isdigit() else str


def _of(variable: settings.Variable) -> Any:
    """A field that stands for a variable, as `dg` shows it."""
    default = f" Default: {variable.name}"
    default += f", else {variable.default}." if variable.default else "."
    if variable.secret:
        meant = f"The name of the variable of the environment that has: {variable.meaning}"
        return dg.Resolver.default(description=meant + default)
    return dg.Resolver.default(description=variable.meaning + default)


def _words(description: str) -> Any:
    return dg.Resolver.default(description=description)


class StreamScaffolder(dg.Scaffolder[Any]):
    """What ``dg scaffold defs`` begins a stream with: all that two streams must not share."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write the YAML of a stream that is called as its folder is."""
        name = re.sub(r"\W", "_", request.target_path.name)
        variable = name.upper()
        dg.scaffold_component(
            request,
            {
                "name": name,
                "bucket": f"{{{{ env.{variable}_BUCKET }}}}",
                "storage": f"{{{{ env.{variable}_STORAGE }}}}",
                "connection_id": f"{{{{ env.{variable}_CONNECTION_ID }}}}",
                "api_key_variable": f"{variable}_API_KEY",
            },
        )


#: One field for each setting of a stream, so that a new setting is a field of the component too.
_Settings: Any = make_dataclass(
    "_Settings",
    [(name, Annotated[_kind(one) | None, _of(one)], None) for name, one in _FIELDS.items()],
)


@dg.scaffold_with(StreamScaffolder)
@dataclass
class CreditsPipelineComponent(dg.Component, dg.Resolvable, _Settings):  # type: ignore[misc]
    """Monthly AWS credits files from S3 to verified drops in one AnyCost Stream of CloudZero.

    Every setting of a stream is a field; what is left out comes from the environment. Of a secret a
    field names the variable that holds it, never the secret.
    """

    name: Annotated[
        str,
        _words(
            "Of this stream, where a code location has several. It ends the names of jobs and "
            "sensors, and is the key prefix where none is given."
        ),
    ] = ""
    key_prefix: Annotated[
        Sequence[str], _words("What the key of every asset begins with, part by part.")
    ] = field(default_factory=list)
    group: Annotated[str, _words("The group that the UI shows the assets in.")] = "credits"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The stream.

        Raises:
            SettingError: a setting can't be used, or a stream with a name lacks one of its own.
        """
        self._refuse_what_two_would_share()
        place = _seen_from(context.project_root, context.path)
        try:
            return build_definitions(
                key_prefix=self.key_prefix or None,
                group=self.group,
                name=self.name or None,
                settings=self.settings(),
                called=place,
            )
        except settings.SettingError as error:
            raise settings.SettingError(f"The component in {place}: {error}") from None

    def settings(self) -> dict[str, str]:
        """What the YAML says, by the names of the variables; a name of a variable as an EnvVar."""
        given: dict[str, str] = {}
        for one in fields(self):
            variable, value = _FIELDS.get(one.name), getattr(self, one.name)
            if variable is not None and value is not None:
                given[variable.name] = dg.EnvVar(value) if variable.secret else _text(value)
        return given

    def overrides(self) -> dict[str, str]:
        """All of the stream's settings, for a command that works for it.

        Raises:
            SettingError: a setting can't be used.
        """
        return {
            **overrides_of(self.settings()),
            settings.STREAM_NAME.name: self.name,
            settings.KEY_PREFIX.name: "/".join(self.key_prefix),
        }

    def _refuse_what_two_would_share(self) -> None:
        missing = [name for name in _NEEDED if not getattr(self, name)]
        if self.name and missing:
            raise settings.SettingError(
                f"The stream {self.name} has no {' and no '.join(missing)} of its own. What to do: "
                "set it in the component's attributes, as two streams must not share one."
            )


def overrides_by(place: Path) -> Mapping[str, str]:
    """The settings of a component's stream, for a command that works for it.

    Args:
        place: its YAML, or the folder of it.

    Raises:
        SettingError: it is not there, is no such YAML, or a setting in it can't be used.
    """
    import yaml  # noqa: PLC0415 - Dagster has it, and only this command needs it

    file = place / "defs.yaml" if place.is_dir() else place
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise settings.SettingError(
            f"{file} can't be read: {error}. What to do: name the folder of the stream's component."
        ) from None
    ours = [
        one
        for one in documents
        if isinstance(one, dict) and str(one.get("type", "")).split(".")[-1] == _TYPE
    ]
    if len(ours) != 1:
        raise settings.SettingError(
            f"{file} has {len(ours)} components of the type {_TYPE}. What to do: name a YAML that "
            "has one."
        )
    text = yaml.safe_dump(ours[0].get("attributes") or {})
    try:
        made = CreditsPipelineComponent.resolve_from_yaml(text)
    except Exception as error:  # noqa: BLE001 - whatever Dagster says of a YAML that it can't use
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise settings.SettingError(
            f"{file} can't be used: {' '.join(said)} What to do: dg check yaml says where."
        ) from None
    return {**made.overrides(), settings.STREAM.name: str(place)}


def _text(value: Any) -> str:
    """A value of YAML as the text that its variable has."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int):
        return str(value)
    return ",".join(map(str, value))


def _seen_from(root: Path, place: Path) -> str:
    """A component's folder as a person in the project's folder calls it."""
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)
