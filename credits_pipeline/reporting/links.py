"""Where people look a month up: pages of Dagster's UI, S3's console and CloudZero's Explorer.

Without the UI's address the links are paths, which work only on the UI's own pages.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from credits_pipeline.core.month import BillingMonth

_S3_CONSOLE = "https://console.aws.amazon.com/s3/object"
_CLOUDZERO_API = "https://api.cloudzero.com"
_CLOUDZERO_EXPLORER = "https://app.cloudzero.com/explorer"


@dataclass(frozen=True)
class Places:
    """Where to find the things that a report mentions; empty where that is not known.

    Attributes:
        ui: the address of Dagster's UI, without a slash at its end; empty for a report that is
            read in the UI itself.
        file: the file's ``s3://`` address.
        file_page: its page in S3's console.
        stored_at: the attempt's file in the storage.
    """

    ui: str = ""
    file: str = ""
    file_page: str = ""
    stored_at: str = ""


def of_run(ui: str, run_id: str) -> str:
    """A run's page.

    Args:
        ui: the address of Dagster's UI, without a slash at its end; may be empty.
        run_id: Dagster's run.
    """
    return f"{ui}/runs/{quote(run_id, safe='')}"


def of_object(endpoint: str, bucket: str, key: str, version_id: str | None = None) -> str:
    """An object's page in the console of AWS; empty where S3 is not AWS's public cloud.

    Args:
        endpoint: where the S3 client asks.
        bucket: the bucket's name.
        key: the object's whole key.
        version_id: S3's own, where the bucket keeps versions.
    """
    if not endpoint.rstrip("/").endswith(".amazonaws.com") or "-gov-" in endpoint:
        return ""
    which = {"prefix": key, **({"versionId": version_id} if version_id else {})}
    return f"{_S3_CONSOLE}/{quote(bucket)}?{urlencode(which, quote_via=quote)}"


def of_costs(base_url: str, month: BillingMonth) -> str:
    """A month's billed cost in CloudZero's Explorer; empty where CloudZero is a stand-in."""
    if base_url != _CLOUDZERO_API:
        return ""
    shown = {
        "activeCostType": "billed_cost",
        "granularity": "monthly",
        "dateRange": "Custom",
        "startDate": f"{month.start:%Y-%m-%dT%H:%M:%SZ}",
        "endDate": f"{month.end:%Y-%m-%dT%H:%M:%SZ}",
    }
    return f"{_CLOUDZERO_EXPLORER}?{urlencode(shown)}"
