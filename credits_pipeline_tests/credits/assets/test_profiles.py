"""A run reads files with the profiles in its own storage."""

from credits_pipeline.cli.options import shelf
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

FILE = b"Customer,AWS Account,Type,Amount\nA,047210934418,Credit,-1.50\nA,047210934418,Usage,9.00\n"
PROFILE = b"""\
form = 1
name = "partner"
header = ["Customer", "AWS Account", "Type", "Amount"]
ignored = ["Customer"]
[account]
column = "AWS Account"
[amount]
column = "Amount"
credit = "negative"
[currency]
stated = "USD"
[[rows]]
column = "Type"
count = ["Credit"]
leave_out = ["Usage"]
"""


def test_a_run_finds_the_stored_profile_and_its_receipt_names_it(pipeline: Pipeline) -> None:
    shelf().keep("partner", PROFILE)
    pipeline.upload(FILE)
    result = pipeline.run()
    assert result.success
    assert pipeline.held() == {"047210934418": "-1.50"}
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    name, digest = receipt.profile.split()
    assert name == "partner"
    assert shelf().version(digest) == PROFILE
    assert receipt.ledger["not_a_credit"] == {"rows": 1, "usd": "-9.00"}
    assert any("Type 'Usage'" in warning for warning in receipt.warnings)
    (told,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "layout_is_known"]
    assert "by the profile partner" in str(told.description)


def test_a_stored_profile_that_cannot_be_used_blocks_the_month_with_its_place(
    pipeline: Pipeline,
) -> None:
    shelf().keep("partner", PROFILE.replace(b'"negative"', b'"minus"'))
    pipeline.upload(FILE)
    result = pipeline.run()
    assert not result.success
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.BLOCKED
    assert "profiles/partner.toml, line 9: amount.credit has to be" in attempt.reason
    assert pipeline.held() == {}
