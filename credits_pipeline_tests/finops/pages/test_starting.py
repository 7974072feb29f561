"""What Dagster is asked, held against its own schema and our own definitions."""

from dagster_graphql.schema import create_schema
from graphql import parse, validate

from credits_pipeline.finops.assets import chargeback
from credits_pipeline.finops.assets.build import JOB
from credits_pipeline.finops.assets.partitions import MONTH, SOURCE, sources
from credits_pipeline.finops.pages import starting


def test_what_is_asked_is_in_dagsters_schema() -> None:
    schema = create_schema().graphql_schema
    for text in (starting._LAUNCH, starting._ADD, starting._STATUS):
        assert validate(schema, parse(text)) == []


def test_the_names_are_those_of_the_code_location() -> None:
    assert starting.JOB == JOB
    assert starting.STATEMENTS == chargeback.STATEMENTS
    assert sources.name == starting.SOURCES
    assert (MONTH, SOURCE) == ("month", "source")
