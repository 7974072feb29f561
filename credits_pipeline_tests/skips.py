"""What may be skipped if everything is installed, as in CI: this list and nothing else."""

import os

import pytest

#: A part of the test's reason, and why it is accepted.
ALLOWED = {
    # A folder with a limited size needs a mount, which only root may make.
    "takes root",
    # FOCUS's own validator runs on this Python only, and a machine needs only one of three.
    "needs Python 3.12",
}


def failed_if_skipped(report: pytest.TestReport) -> None:
    """Turn a skip into a failure if CI is set: a part that is missing there is a mistake."""
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(part in why for part in ALLOWED):
        report.outcome = "failed"
        report.longrepr = f"{why}, and CI must have what it needs: see .ci/run"
