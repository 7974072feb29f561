"""What a provider needs so that its bills can be read, and whether a source can be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from credits_pipeline.finops import settings
from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.sources import Provider, Source

#: The form of a location.
PLACES = {
    Provider.AWS: "s3://bucket/prefix",
    Provider.AZURE: "az://container",
    Provider.GCP: "gs://bucket/prefix",
    Provider.FOCUS: "s3://bucket/prefix or /folder",
}
_STEPS = {
    Provider.AWS: "1. In AWS's console, under **Billing and Cost Management → Data Exports**, "
    "create a standard export **FOCUS 1.2 with AWS columns**, as gzip CSV or Parquet.\n"
    "2. Let the pipeline's role read the bucket with the policy below.\n"
    "3. The location is the bucket with the export's prefix; the name is the export's.",
    Provider.AZURE: "1. In Azure's portal, under **Cost Management → Exports**, create an "
    "export of **Cost and usage details (FOCUS)**, daily, with file partitioning.\n"
    "2. Give the pipeline's identity the role **Storage Blob Data Reader** on the container.\n"
    "3. The location is the container.",
    Provider.GCP: "1. Set up the **FOCUS export** of your billing account to BigQuery, and a "
    "scheduled export of each month's table to Parquet in a folder `YYYY-MM`.\n"
    "2. Give the pipeline's service account the role **Storage Object Viewer** on the bucket.\n"
    "3. The location is what precedes the folders of the months.",
    Provider.FOCUS: "A folder or a bucket with one file a month, `2026-05.csv`, `2026-05.csv.gz` "
    "or `2026-05.parquet`, or one folder a month, `2026-05`.",
}
_AWS_POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::BUCKET",
      "Condition": {"StringLike": {"s3:prefix": "PREFIX/*"}}
    },
    {
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::BUCKET/PREFIX/*"
    }
  ]
}"""


@dataclass(frozen=True)
class Line:
    """One thing that was tried.

    Attributes:
        passed: whether it works; None if it could not be tried.
        says: what was found.
        to_do: what to do if it does not work.
    """

    passed: bool | None
    says: str
    to_do: str = ""


def steps(provider: Provider) -> str:
    """What to set up at the provider, as Markdown."""
    return _STEPS[provider]


def needed(provider: Provider) -> str:
    """The policy to copy, if the provider has one."""
    return _AWS_POLICY if provider is Provider.AWS else ""


def why_no_folder(location: str, person: Person) -> str:
    """Why a person may not connect a place; empty where it is allowed.

    A folder is one of the server's own. On one's own machine that is one's own; behind a proxy an
    editor would look, by way of a test, at what only the server's owner is to see.
    """
    if not settings.is_folder(location.strip()) or not configured_door().secret:
        return ""
    if person.may(Role.ADMIN):
        return ""
    return (
        f"{location} is a folder on the server, which only an admin may connect. What to do: give "
        "a location in an object store, or ask an admin."
    )


def tried(source: Source) -> Iterator[Line]:
    """Whether a source can be read, line by line; its newest month is read and then discarded."""
    from credits_pipeline.doctor.finding import State  # noqa: PLC0415 - where a place is tried
    from credits_pipeline.doctor.sources import source_found  # noqa: PLC0415 - asks the provider

    for found in source_found(source, datetime.now(UTC), read=True, whole=False):
        passed = {State.OK: True, State.NOTE: True, State.WRONG: False}.get(found.state)
        yield Line(passed, f"{found.name}: {found.says}", found.to_do)
