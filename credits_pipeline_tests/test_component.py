"""`dg`'s component: a YAML is a stream, two are two, and shared parts are refused."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from credits_pipeline import CreditsPipelineComponent, build_definitions
from credits_pipeline.core import settings
from credits_pipeline.core.overrides import of_stream
from credits_pipeline.core.settings import SettingError
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.stream_settings import OF_THE_PROCESS, overrides_of
from credits_pipeline.reporting import deciding
from credits_pipeline_tests.dagster_instance import dagster_instance

# Dagster reads a component's YAML with a deprecated function of pydantic.
pytestmark = pytest.mark.filterwarnings("ignore:.parse_obj_as. is deprecated")

EU = """
name: eu
group: aws_credits
owners: ["team:finance"]
start_month: "2025-03"
automation: false
bucket: credits-eu
prefix: files/
storage: {storage}
connection_id: "{{{{ env.EU_CONNECTION_ID }}}}"
api_key_variable: EU_API_KEY
"""


def load(yaml: str) -> dg.Definitions:
    component = CreditsPipelineComponent.resolve_from_yaml(yaml)
    return component.build_defs(dg.ComponentTree.for_test().load_context)


def test_two_yamls_are_two_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EU_CONNECTION_ID", "stream-eu")
    monkeypatch.setenv("EU_API_KEY", "key-of-eu")
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", "stream-us")
    both = dg.Definitions.merge(load("key_prefix: [us]"), load(EU.format(storage=tmp_path)))
    dg.Definitions.validate_loadable(both)
    graph = both.resolve_asset_graph()
    assert {key.path[0] for key in graph.get_all_asset_keys()} == {"us", "eu"}
    drop = graph.get(dg.AssetKey(["eu", "cloudzero_drop"]))
    assert (drop.group_name, list(drop.owners)) == ("aws_credits", ["team:finance"])
    assert drop.partitions_def is not None
    assert drop.partitions_def.get_first_partition_key() == "2025-03-01"
    status = {sensor.name: sensor.default_status.value for sensor in both.sensors or ()}
    assert (status["credits_files"], status["credits_files_eu"]) == ("RUNNING", "STOPPED")
    made = both.resources or {}
    wanted = ("credits_cloudzero", "credits_cloudzero_eu", "credits_inbox_eu", "credits_storage_eu")
    with dg.build_resources({key: made[key] for key in wanted}) as ready:
        assert ready.credits_cloudzero.address()[1] == "stream-us"
        assert ready.credits_cloudzero_eu.address()[1] == "stream-eu"
        assert ready.credits_cloudzero_eu.why_not_set() is None
        assert ready.credits_inbox_eu.open().uri("x") == "s3://credits-eu/x"
        assert ready.credits_storage_eu.root == str(tmp_path)
        with dagster_instance() as instance:
            locks = {repr(ready.credits_cloudzero.lock(instance)),
                     repr(ready.credits_cloudzero_eu.lock(instance))}  # fmt: skip
    assert len(locks) == 2


def test_a_project_s_checks_are_checks_and_warn_of_nothing() -> None:
    # As `dg` adds to all that a component defines where it is written; it warns of that to nobody.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        told = load("key_prefix: [us]").with_definition_metadata_update(
            lambda metadata: {**metadata, "where": "defs.yaml"}
        )
    # What warns here fails the test.
    found = told.get_repository_def().asset_checks_defs_by_key
    assert dg.AssetCheckKey(dg.AssetKey(["us", "credits"]), "nothing_rejected") in found
    assert all(isinstance(one, dg.AssetChecksDefinition) for one in found.values())
    assert all(spec.metadata["where"] for one in found.values() for spec in one.check_specs)


@pytest.mark.parametrize("missing", ["bucket", "storage", "connection_id"])
def test_a_stream_with_a_name_has_places_of_its_own(missing: str) -> None:
    own = {"bucket": "b", "storage": "s3://s/x", "connection_id": "c"}
    own.pop(missing)
    yaml = "\n".join(["name: eu", *(f"{key}: {value}" for key, value in own.items())])
    with pytest.raises(SettingError, match=f"has no {missing} of its own"):
        load(yaml)


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        ('start_month: "2025-13"', "CREDITS_START_MONTH='2025-13'"),
        ("owners: [nobody]", "CREDITS_OWNERS='nobody'"),
        ("sensor_seconds: 0", "CREDITS_SENSOR_SECONDS='0'"),
    ],
)
def test_what_can_t_be_used_is_named(yaml: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        load(yaml)


def test_the_name_of_a_stream_is_one_that_dagster_takes() -> None:
    with pytest.raises(ValueError, match="name='e u' can't be used"):
        load("{name: e u, bucket: b, storage: s3://s/x, connection_id: c}")


def test_every_setting_of_a_stream_is_a_field_and_says_what_its_variable_says() -> None:
    schema = CreditsPipelineComponent.get_model_cls().model_json_schema()["properties"]
    of_a_stream = [one for one in settings.VARIABLES if one not in OF_THE_PROCESS]
    assert of_a_stream
    for one in of_a_stream:
        shown = schema[one.name.partition("_")[2].lower() + ("_variable" if one.secret else "")]
        assert one.meaning in shown["description"]
        assert one.name in shown["description"]


def given(variable: settings.Variable) -> str:
    """A text that is no default."""
    return f"of-eu-{variable.name.lower()}"


@pytest.mark.parametrize(
    "variable",
    [one for one in settings.VARIABLES if one not in OF_THE_PROCESS],
    ids=lambda v: v.name,
)
def test_a_setting_of_one_stream_holds_for_what_works_for_it_and_for_nothing_else(
    variable: settings.Variable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable.name, "of-all")
    monkeypatch.setenv("EU_VARIABLE", given(variable))
    value = dg.EnvVar("EU_VARIABLE") if variable.secret else given(variable)
    eu = Names(stream="eu", overrides=overrides_of({variable.name: value}))
    us = Names(stream="us")

    def whole() -> str:
        return variable.text()

    def parts() -> Iterator[str]:
        yield variable.text()
        yield variable.text()

    assert (eu.bound(whole)(), us.bound(whole)(), whole()) == (given(variable), "of-all", "of-all")
    # Two streams whose steps take turns, as generators: neither sees the other's settings.
    turns = zip(eu.bound(parts)(), us.bound(parts)(), strict=True)
    seen = [(one, variable.text(), two) for one, two in turns]
    assert seen == [(given(variable), "of-all", "of-all")] * 2


def test_a_secret_is_never_part_of_definitions() -> None:
    with pytest.raises(SettingError, match="CREDITS_ALERT_SLACK is a secret"):
        build_definitions(settings={"CREDITS_ALERT_SLACK": "https://hooks.slack.com/services/x"})
    with pytest.raises(SettingError, match="CREDITS_EXECUTOR is not a setting of a stream"):
        build_definitions(settings={"CREDITS_EXECUTOR": "celery"})


@pytest.mark.parametrize("prefix", [(), ("eu",), ("a-b", "c.d")])
def test_the_launchpad_s_config_names_the_step_as_dagster_does(prefix: tuple[str, ...]) -> None:
    with of_stream({"CREDITS_KEY_PREFIX": "/".join(prefix)}):
        told = yaml.safe_load(deciding.config({"accept_change": True}, "1"))
    assert list(told["ops"]) == [Names(prefix).op("credits")]
