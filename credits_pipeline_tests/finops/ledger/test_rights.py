"""The rights that reading the credit ledger needs: two that read; none that writes."""

import json
import re
from pathlib import Path

import credits_pipeline

ROOT = Path(credits_pipeline.__file__).parents[1]
READS = {"billing:GetCredits", "billing:GetCreditAllocationHistory"}


def test_the_policy_and_its_page_allow_the_two_reads_and_nothing_else() -> None:
    template = (ROOT / "deploy/aws/ledger.yaml").read_text()
    assert set(re.findall(r"billing:\w+", template)) == READS
    assert template.count("Effect: Allow") == 1
    page = (ROOT / "docs/security.md").read_text()
    section = page.partition("## The ledger of credits")[2]
    policy = json.loads(section.partition("```json")[2].partition("```")[0])
    (statement,) = policy["Statement"]
    assert set(statement["Action"]) == READS


def test_calls_that_write_are_named_nowhere() -> None:
    import botocore.session

    service = botocore.session.get_session().get_service_model("billing")
    writes = [
        name
        for name in service.operation_names
        if "Credit" in name and f"billing:{name}" not in READS
    ]
    assert len(writes) >= 3
    snake = [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in writes]
    for path in [*ROOT.glob("credits_pipeline/**/*"), *ROOT.glob("deploy/**/*")]:
        if path.is_file() and path.suffix in {".py", ".yaml", ".csv", ".conf"}:
            text = path.read_text()
            assert not re.search(rf"\b(?:{'|'.join((*writes, *snake))})\b", text), path
