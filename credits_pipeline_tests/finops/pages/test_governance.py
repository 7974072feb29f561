"""The page Governance: rules tried, refused and saved; violations accepted until a day."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.decisions import Author, Ruling
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.governance import book, governing
from credits_pipeline.finops.governance.ledger import Ledger
from credits_pipeline.finops.governance.opening import decided
from credits_pipeline.finops.governance.violations import Violation
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.settings import tag_keys
from credits_pipeline_tests.finops.pages.conftest import HOSTILE, LAST, Visit, in_, shown
from credits_pipeline_tests.finops.typed import Bills, row

ADMIN = Person("ann@example.com", Role.ADMIN)
EDITOR = Person("eve@example.com", Role.EDITOR)
VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))
DEAR = {
    "name": "Dear machine",
    "type": "cost",
    "severity": "high",
    "owner_tag": "team",
    "when": "cost_month > 50",
    "say": "{name} costs {cost_month:.2f} {currency}",
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wing that has evaluated the built-in policies and one rule of high severity."""
    bills = Bills(tmp_path_factory.mktemp("governed"))
    search = {"tag_team": "search", "SubAccountId": "222", "SubAccountName": "labs"}
    day = in_(LAST, 27)
    bills.put(
        "aws",
        str(LAST),
        [
            row("100.5", ResourceId="i-dear", ResourceName="dear one", charge_date=day),
            row("7", ResourceId="i-search", **search, charge_date=day),
            row("3", ResourceId=HOSTILE, ResourceName=HOSTILE, tag_team=None, charge_date=day),
        ],
    )
    bills.publish()
    published = open_current(bills.storage)
    assert published is not None
    held = book.of_bodies({"dear": (DEAR, 1, "ann@example.com")})
    governing.run(published.depot, published, held.enabled, tag_keys())
    return bills.storage


@pytest.fixture
def storage(evaluated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(evaluated, tmp_path / "wing"))


@pytest.fixture
def open_page(visit: Visit, storage: Path) -> Callable[..., AppTest]:
    with open_decisions() as decisions:
        book.save(decisions, "dear", DEAR, by=Author("ann@example.com", "ui"), expected=None)

    def opened(person: Person = ADMIN, **words: Any) -> AppTest:
        return visit("governance", storage, person=person, period=str(LAST), **words)

    return opened


def violation(storage: Path, policy: str, resource: str) -> Violation:
    published = open_current(storage)
    assert published is not None
    ledger = Ledger(published.depot)
    record = ledger.current()
    assert record is not None
    (found,) = [one for one in ledger.violations(record.version)
                if (one.policy, one.resource_id) == (policy, resource)]  # fmt: skip
    return found


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [one for one in app.button if one.label == label]
    return button.click().run()


def table_of(app: AppTest, column: str) -> Any:
    (found,) = [one.value for one in app.dataframe if column in one.value]
    return found


def test_before_the_first_evaluation_the_built_ins_are_there_with_what_each_needs(
    visit: Visit,
) -> None:
    app = visit("governance", "one cloud", period=str(LAST))
    assert "No policy has been evaluated yet" in shown(app)
    policies = table_of(app, "Policy")
    assert len(policies) == 15
    assert set(policies["State"]) == {"on", "off"}
    waiting = policies[policies["State"] == "off"]["Evidence"].tolist()
    assert [text.rpartition(" ")[2] for text in waiting] == ["allowed_accounts", "allowed_regions"]
    assert all(policies["Evidence"])


def test_violations_are_listed_with_their_cost_and_the_dearest_first(
    open_page: Callable[..., AppTest],
) -> None:
    app = open_page()
    found = table_of(app, "What")
    assert found.iloc[0]["What"] == "dear one costs 100.50 USD"
    assert found.iloc[0]["Severity"] == "▲ high"
    assert found.iloc[0]["Owner"] == "core"
    # A resource that violates two policies counts its cost once.
    assert "$110.50 a month" in shown(app)
    assert HOSTILE in shown(app)


def test_a_policy_says_broken_clean_and_not_known(open_page: Callable[..., AppTest]) -> None:
    policies = table_of(open_page(tab="policies"), "Policy").set_index("Policy")
    assert tuple(policies.loc["Dear machine", ["Broken", "Clean", "Not known"]]) == (1, 2, 0)
    assert policies.loc["Dear machine", "A month"] == 100.5
    assert policies.loc["Required tags are missing", "Broken"] == 3


def test_an_acknowledged_violation_comes_back_after_its_day(
    open_page: Callable[..., AppTest], storage: Path
) -> None:
    one = violation(storage, "dear", "i-dear")
    app = open_page(violation=one.id)
    app.selectbox[-1].set_value("will be fixed")
    app.date_input[-1].set_value(datetime.now(UTC).date() + timedelta(days=3))
    press(app, "Acknowledge")
    assert "acknowledged by ann@example.com: will be fixed" in shown(app)
    assert "Dear machine" not in table_of(open_page(), "What")["Policy"].tolist()
    with open_decisions() as decisions:
        said = decisions.states.of("violation")[one.id]
        decisions.states.set(
            "violation",
            one.id,
            Ruling(
                "acknowledged", until=datetime.now(UTC) - timedelta(days=1), reason="will be fixed"
            ),
            by=Author("x", "cli"),
            expected=said.version,
        )
    found = table_of(open_page(), "What").set_index("Policy")
    assert found.loc["Dear machine", "State"] == "open again"


def test_high_severity_is_for_approvers(open_page: Callable[..., AppTest], storage: Path) -> None:
    high = violation(storage, "dear", "i-dear")
    low = violation(storage, "required-tags", "i-dear")
    for person, one, why in (
        (EDITOR, high, "needs the role approver"),
        (VIEWER, low, "needs the role editor"),
    ):
        app = open_page(person, violation=one.id)
        (button,) = [each for each in app.button if each.label == "Acknowledge"]
        assert button.disabled
        assert why in button.help
    app = open_page(EDITOR, violation=low.id)
    assert not next(each for each in app.button if each.label == "Acknowledge").disabled


def test_an_editor_can_not_make_a_high_policy_harmless(open_page: Callable[..., AppTest]) -> None:
    app = open_page(EDITOR, tab="policies", policy="dear")
    app.text_area[0].set_value(app.text_area[0].value.replace("severity: high", "severity: low"))
    press(app, "Save")
    assert "changed by approvers" in shown(app)
    press(open_page(EDITOR, tab="policies", policy="dear"), "Turn it off")
    assert decided().policies.kept["dear"].policy.enabled


def test_two_people_who_judge_at_once_see_each_other(
    open_page: Callable[..., AppTest], storage: Path
) -> None:
    one = violation(storage, "dear", "i-dear")
    app = open_page(violation=one.id)
    with open_decisions() as decisions:
        decisions.states.set(
            "violation",
            one.id,
            Ruling("open", owner="ben"),
            by=Author("ben@example.com", "ui"),
            expected=None,
        )
    press(app, "Acknowledge")
    assert "ben@example.com said open, owner ben in the meantime" in shown(app)
    press(app, "Acknowledge")
    assert "acknowledged by ann@example.com" in shown(app)


def test_a_rule_is_tried_refused_and_saved(open_page: Callable[..., AppTest]) -> None:
    app = open_page(tab="policies", policy="new")
    text = app.text_area[0].value.replace("applies_to:\n- aws.ec2.instance\n", "")
    app.text_area[0].set_value(text.replace("cost_month > 1000", "cost_mnth > 5"))
    press(app, "Try it")
    assert "there is no column 'cost_mnth'. What to do: did you mean cost_month" in shown(app)
    assert "line 7" in shown(app)
    app.text_area[0].set_value(
        text.replace("cost_month > 1000", "length(repeat('x', 4000000000)) > 1")
    )
    press(app, "Try it")
    assert "the function repeat is not allowed" in shown(app)
    app.text_area[0].set_value(text.replace("cost_month > 1000", "cost_month > 5"))
    press(app, "Try it")
    assert "Now 2 resources would break it, at $107.50 a month; 1 would be clean" in shown(app)
    assert "Costs 100.50 USD a month" in shown(app)
    assert "my-policy" not in decided().policies.kept
    press(app, "Save")
    assert decided().policies.kept["my-policy"].by == "ann@example.com"
    with open_decisions() as decisions:
        assert decisions.changes("policy", "my-policy")[0].via == "ui"  # type: ignore[attr-defined]


def test_who_sees_one_team_sees_its_violations_and_no_rule(
    open_page: Callable[..., AppTest], storage: Path
) -> None:
    text = shown(open_page(LEAD))
    assert "i-search" in text
    assert "dear one" not in text
    assert HOSTILE not in text
    policies = table_of(open_page(LEAD, tab="policies"), "Policy")
    assert "Not known" not in policies
    assert "cost_month > 50" not in shown(open_page(LEAD, tab="policies", policy="dear"))
    other = violation(storage, "dear", "i-dear")
    assert "There is no violation" in shown(open_page(LEAD, violation=other.id))


def test_coverage_is_in_dollars(open_page: Callable[..., AppTest]) -> None:
    coverage = table_of(open_page(tab="coverage"), "Tag").set_index("Tag")
    assert tuple(coverage.loc["team", ["Tagged", "Not tagged", "Covered"]]) == (107.5, 3, 97.3)
    assert coverage.loc["environment", "Tagged"] == 0


def test_the_overview_counts_what_the_page_lists_and_asks_for_what_is_high(
    open_page: Callable[..., AppTest], visit: Visit, storage: Path
) -> None:
    text = shown(visit("overview", storage, period=str(LAST)))
    assert "Violations\n" in text
    assert "4 open" in text
    assert "1 high; $111 a month" in text
    assert "dear one: Dear machine, on what costs $101 a month" in text
    limited = shown(visit("overview", storage, person=LEAD, period=str(LAST)))
    assert "1 open" in limited
    assert "dear one" not in limited


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"state": "opened"}, "state is 'opened'"),
        ({"severity": "bad"}, "severity is 'bad'"),
        ({"since": "yesterday"}, "since is 'yesterday'"),
        ({"policy": "none"}, "There is no policy none"),
        ({"violation": "none"}, "There is no violation none"),
        ({"tab": "none"}, "There is no tab none"),
        ({"tab": "policies", "policy": "none"}, "There is no policy none"),
        ({"charge": "Usage"}, "Resources have no charge"),
    ],
)
def test_a_link_that_says_nothing_is_reported(
    words: dict[str, str], says: str, open_page: Callable[..., AppTest]
) -> None:
    assert says in shown(open_page(**words))
