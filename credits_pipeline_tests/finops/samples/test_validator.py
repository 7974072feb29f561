"""The sample bills as the FOCUS project's own validator sees them, on every rule that it runs."""

import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from credits_pipeline.finops.samples import Written
from credits_pipeline_tests.finops.samples.conftest import AS_OF
from credits_pipeline_tests.finops.samples.files import files
from credits_pipeline_tests.finops.samples.test_conformance import MONTH, as_text

#: FOCUS 1.2, as the package brings it: nothing is fetched.
SPECIFICATION = "1.2.0.1"
#: An open month too, which no invoice is made of yet.
MONTHS = [*MONTH.items(), ("aws-labs", "2026-05")]
#: Rules that name a condition which the validator leaves out, so that it applies them to every
#: row. Here is what each says, with its condition: no row may be one of these.
CONDITIONAL = {
    "BilledCost-C-005-C": (
        "InvoiceIssuerName NOT IN ('Amazon Web Services, Inc.', 'Microsoft', 'Google Cloud')"
        " AND BilledCost <> 0"
    ),
    "CapacityReservationStatus-C-004-C": (
        "CapacityReservationId IS NOT NULL AND ChargeCategory = 'Usage'"
        " AND CapacityReservationStatus IS NULL"
    ),
    "CommitmentDiscountStatus-C-004-C": (
        "CommitmentDiscountId IS NOT NULL AND ChargeCategory = 'Usage'"
        " AND CommitmentDiscountStatus IS NULL"
    ),
    "EffectiveCost-C-005-C": (
        "ChargeCategory = 'Purchase' AND CommitmentDiscountId IS NOT NULL AND EffectiveCost <> 0"
    ),
    "InvoiceId-C-004-C": f"BillingPeriodEnd > '{AS_OF}' AND InvoiceId IS NOT NULL",
    "InvoiceId-C-005-C": f"BillingPeriodEnd <= '{AS_OF}' AND InvoiceId IS NULL",
}
#: What the bills have because the clouds' own bills have it.
AS_DELIVERED = {
    "PricingCurrencyEffectiveCost-C-003-M": "Azure's export has no such column",
    "SubAccountName-C-002-M": "a name of an account may have letters beyond ASCII",
}


@pytest.fixture(scope="module")
def one_file(bills: Written, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of every source in one Parquet file with FOCUS's types, without `x_` columns."""
    folder = tmp_path_factory.mktemp("one-file")
    paths = [
        path if path.suffix == ".gz" else as_text(path, folder)
        for source, month in MONTHS
        for path in files(bills, source, month)
    ]
    to = folder / "bills.parquet"
    with duckdb.connect() as connection:
        read = connection.read_csv(list(map(str, paths)), all_varchar=True, union_by_name=True)
        typed = ", ".join(
            f"CAST({name} AS DOUBLE) AS {name}" if name.endswith(("Cost", "Price", "Quantity"))
            else f"CAST({name} AS TIMESTAMP) AS {name}" if name.endswith(("Start", "End"))
            else name
            for name in read.columns if not name.startswith("x_")
        )  # fmt: skip
        read.project(typed).write_parquet(str(to))
    return to


def test_focus_s_own_validator_finds_nothing_wrong(one_file: Path, validator: Path) -> None:
    packages = next(validator.parents[1].glob("lib/python3.12/site-packages"))
    done = subprocess.run(
        [
            str(validator), "-m", "focus_validator.main", "--data-file", str(one_file),
            "--validate-version", SPECIFICATION, "--block-download", "--output-type", "console",
            "--applicability-criteria", "ALL",
        ],
        # It looks for its list of currencies below the folder in which it runs.
        cwd=packages, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    counts = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: \d+ \| Skipped: \d+", said)
    assert counts, said[-3000:]
    assert int(counts[2]) > 330, counts[0]
    failures = dict(re.findall(r"^- ([\w-]+): violations=\d+; (.*)$", said, re.MULTILINE))
    assert failures, said[-3000:]
    own = {rule for rule, why in failures.items() if "child rules" not in why}
    assert own == {*CONDITIONAL, *AS_DELIVERED}, {rule: failures[rule] for rule in own}


@pytest.mark.parametrize("rule", CONDITIONAL)
def test_a_rule_holds_under_the_condition_that_the_validator_leaves_out(
    one_file: Path, rule: str
) -> None:
    with duckdb.connect() as connection:
        bad = connection.read_parquet(str(one_file)).filter(CONDITIONAL[rule]).fetchall()
    assert bad == []
