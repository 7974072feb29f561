"""Violations over evaluations: found, kept, fixed, back; what was not looked at stays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.decisions import Author, State
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.governance import alerting, book, custodian, governing, judging
from credits_pipeline.finops.governance.due import due
from credits_pipeline.finops.governance.judging import By, JudgingError
from credits_pipeline.finops.governance.ledger import Ledger, Record
from credits_pipeline.finops.governance.listing import as_csv, for_programs
from credits_pipeline.finops.governance.opening import decided
from credits_pipeline.finops.governance.policy import Policy, Severity
from credits_pipeline.finops.governance.violations import Seen, Status, Violation, fold, seen_now
from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline.finops.scans.inventory import RESOURCES
from credits_pipeline.finops.scans.shelf import ScanShelf
from credits_pipeline_tests.finops.governance.tables import TAGS, resource
from credits_pipeline_tests.finops.typed import Bills, row

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 11, 20, 7, tzinfo=UTC)
ME = By(Author("ann@example.com", "ui"), is_approver=True)
RULE = {
    "name": "Unattached",
    "type": "unused",
    "severity": "high",
    "owner_tag": "team",
    "applies_to": ["aws.ec2.volume"],
    "needs": ["attached"],
    "when": "not attached",
    "say": "{name} is used by nothing",
}


def volume(id_: str, **special: Any) -> dict[str, Any]:
    return resource(
        id_, kind="aws.ec2.volume", **{"attached": False, "tags": {"team": "core"}, **special}
    )


class World:
    """A wing with one bill, scanned and evaluated day by day."""

    def __init__(self, folder: Path) -> None:
        bills = Bills(folder / "wing")
        arn = "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1"
        bills.put(
            "aws", "2026-10",
            [
                row("40.5", ResourceId=arn, ResourceType="EBS Volume", charge_date="2026-10-30"),
                row("7", ResourceId="i-9", ResourceType="EC2 Instance", charge_date="2026-10-30"),
            ],
        )  # fmt: skip
        bills.publish()
        self.bills = bills
        self.now = START

    @property
    def published(self) -> Published:
        found = open_current(self.bills.storage)
        assert found is not None
        return found

    def scan(self, *rows: Mapping[str, Any], unseen: Sequence[tuple[str, str, str]] = ()) -> None:
        parts = [
            {"what": what, "account": account, "region": region, "state": "not known",
             "resources": 0, "says": "it may not look", "permission": "ec2:DescribeVolumes"}
            for what, account, region in unseen
        ]  # fmt: skip
        shelf = ScanShelf(self.published.depot)
        shelf.keep("resources", RESOURCES, rows, self.now, {"parts": parts})

    def evaluate(self, *policies: Policy, unreadable: Sequence[str] = ()) -> Record:
        record, _ = governing.run(
            self.published.depot, self.published, policies or [Policy.of("unattached", RULE)],
            TAGS, unreadable=unreadable, now=self.now,
        )  # fmt: skip
        self.now += DAY
        return record

    @property
    def all(self) -> list[Violation]:
        ledger = Ledger(self.published.depot)
        record = ledger.current()
        return ledger.violations(record.version if record else "")

    @property
    def violations(self) -> dict[str, Violation]:
        return {one.resource_id: one for one in self.all}

    def seen(self, id_: str, said: State | None = None) -> Seen:
        return Seen(self.violations[id_], said, self.now)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("FINOPS_DATABASE_URL", f"sqlite:///{tmp_path}/decisions.sqlite")
    found = World(tmp_path)
    monkeypatch.setenv("FINOPS_STORAGE", str(found.bills.storage))
    return found


def test_a_violation_is_found_fixed_and_back(world: World) -> None:
    world.scan(volume("vol-1"), volume("vol-2", attached=True))
    record = world.evaluate()
    one = world.violations["vol-1"]
    assert (one.since, one.seen, one.owner, one.cost_month) == (START, "found", "core", 40.5)
    assert one.says == "vol-1 is used by nothing"
    assert vars(record.tallies["unattached"]) == {
        "broken": 1, "clean": 1, "not_known": 0, "error": "",
        "cost": {"USD": "40.500000000000000000"},
    }  # fmt: skip
    world.scan(volume("vol-1", attached=True))
    world.evaluate()
    assert world.violations["vol-1"].is_fixed
    world.scan(volume("vol-1"))
    world.evaluate()
    back = world.violations["vol-1"]
    assert (back.id, back.since, back.times) == (one.id, START + 2 * DAY, 1)


def test_a_resource_that_an_evaluation_finds_gone_is_fixed(world: World) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    world.scan()
    world.evaluate()
    assert world.violations["vol-2"].is_fixed


@pytest.mark.parametrize(
    ("rows", "unseen"),
    [
        ([volume("vol-2", attached=None, not_known={"attached": "no permission"})], []),
        ([], [("aws.ec2.volume", "111111111111", "eu-west-1")]),
        ([], [("account", "111111111111", "")]),
    ],
)
def test_what_could_not_be_looked_at_is_not_fixed(
    rows: list[dict[str, Any]], unseen: list[tuple[str, str, str]], world: World
) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    world.scan(*rows, unseen=unseen)
    record = world.evaluate()
    one = world.seen("vol-2")
    assert (one.status, one.is_evidence_missing) == (Status.OPEN, True)
    assert one.violation.since == START
    assert len(record.missed) == len(unseen)


def test_a_day_without_a_scan_knows_nothing_that_scans_see_and_calls_nothing_clean(
    world: World,
) -> None:
    arn = "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1"
    world.scan(volume("vol-1"), volume("vol-2"), volume("vol-3", attached=True))
    fresh = world.evaluate()
    assert (fresh.tallies["unattached"].broken, fresh.tallies["unattached"].clean) == (2, 1)
    world.evaluate()  # a day later, when the next scan may be under way
    assert {one.seen for one in world.all} == {"found"}
    world.now += 3 * HOUR
    late = world.evaluate()
    tally = late.tallies["unattached"]
    # The bill still has one of them, which is no evidence about what is attached.
    assert (tally.broken, tally.clean, tally.not_known, late.scanned) == (0, 0, 1, "")
    assert "the scan is of 2026-11-20 07:00 UTC" in late.missed[0]
    seen = {one.resource_id: one for one in world.all}
    assert {one.seen for one in seen.values()} == {"not known"}
    assert {one.since for one in seen.values()} == {START}
    assert seen.keys() == {"vol-1", "vol-2"} or seen.keys() == {arn, "vol-2"}
    assert len(late.high) == 2
    world.scan(volume("vol-2"))
    world.evaluate()
    assert {one.resource_id: one.seen for one in world.all}["vol-2"] == "found"


def test_a_rule_that_can_not_be_evaluated_changes_no_violation(world: World) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    broken = Policy.of("unattached", {**RULE, "when": "regexp_matches(name, '(')"})
    record = world.evaluate(broken)
    assert "can't be computed" in record.tallies["unattached"].error
    assert world.seen("vol-2").status is Status.OPEN
    world.scan(volume("vol-2"))
    world.evaluate(Policy.of("other", RULE), unreadable=["unattached"])
    assert sorted((one.policy, one.seen) for one in world.all) == [
        ("other", "found"), ("unattached", "not known"),
    ]  # fmt: skip


def test_a_policy_that_is_off_finds_nothing_any_more(world: World) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    world.evaluate(Policy.of("other", {**RULE, "when": "attached"}))
    assert world.violations == {}


def test_the_bill_alone_shows_tags_and_places_and_nothing_else(world: World) -> None:
    every = {**RULE, "applies_to": ["*"], "needs": []}
    tags = Policy.of("tags", {**every, "when": "not has_tag('environment')"})
    other = Policy.of("cc", {**every, "when": "not has_tag('cost-center')"})
    record = world.evaluate(tags, other, Policy.of("unattached", RULE))
    assert record.tallies["tags"].broken == 2
    assert (record.tallies["cc"].broken, record.tallies["cc"].not_known) == (0, 2)
    assert (record.tallies["unattached"].broken, record.tallies["unattached"].not_known) == (0, 1)
    one = world.violations["i-9"]
    assert (one.kind, one.account_name, one.owner) == ("aws.ec2.instance", "platform-prod", "core")


def test_a_violation_of_the_bill_is_the_same_when_a_scan_sees_it(world: World) -> None:
    rule = Policy.of("dear", {**RULE, "applies_to": ["*"], "needs": [], "when": "cost_month > 40",
                              "say": "dear"})  # fmt: skip
    world.evaluate(rule)
    (before,) = world.violations.values()
    assert before.resource_id.startswith("arn:")
    world.scan(volume("vol-1"))
    world.evaluate(rule)
    (after,) = world.violations.values()
    assert (after.id, after.since, after.resource_id) == (before.id, START, "vol-1")


def test_a_resource_leaves_the_bill_a_week_after_its_last_charge(tmp_path: Path) -> None:
    world = World(tmp_path)
    rule = Policy.of("dear", {**RULE, "applies_to": ["*"], "needs": [], "when": "cost_month > 1",
                              "say": "dear"})  # fmt: skip
    november = [row("2", ResourceId="i-9", charge_date="2026-11-05")]
    for through, there in ((date(2026, 11, 5), 2), (date(2026, 11, 9), 1), (date(2026, 11, 13), 0)):
        world.bills.put(
            "aws", "2026-11", november, complete_through=through, version=f"v{through.day}"
        )
        world.bills.publish()
        assert world.evaluate(rule).tallies["dear"].broken == there


def test_an_acknowledgement_ends_with_its_day_and_with_its_violation(world: World) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    with open_decisions() as decisions:
        said = judging.acknowledge(
            decisions.states, world.seen("vol-2"), by=ME, reason="will be fixed",
            until=world.now.date() + 3 * DAY,
        )  # fmt: skip
    said = replace(said, at=world.now)
    states = [Seen(world.violations["vol-2"], said, world.now + days * DAY).status
              for days in (0, 3, 4)]  # fmt: skip
    assert states == [Status.ACKNOWLEDGED, Status.ACKNOWLEDGED, Status.OPEN]
    assert Seen(world.violations["vol-2"], said, world.now + 4 * DAY).has_come_back
    world.scan()
    world.evaluate()
    assert world.seen("vol-2", said).status is Status.FIXED
    world.scan(volume("vol-2"))
    world.evaluate()
    # This is another violation by the same resource.
    assert world.seen("vol-2", said).status is Status.OPEN


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"reason": "because"}, "is not a reason"),
        ({"reason": "other"}, "there is no note"),
        ({"reason": "accepted risk", "until": date(2026, 11, 1)}, "is over"),
    ],
)
def test_an_acknowledgement_that_says_nothing_is_refused(
    words: dict[str, Any], says: str, world: World
) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    with open_decisions() as decisions, pytest.raises(JudgingError, match=says):
        judging.acknowledge(decisions.states, world.seen("vol-2"), by=ME, **words)


def test_high_severity_is_accepted_by_approvers_alone(world: World) -> None:
    world.scan(volume("vol-2"))
    world.evaluate()
    editor = By(Author("eve@example.com", "ui"), is_approver=False)
    with open_decisions() as decisions, pytest.raises(JudgingError, match="by approvers"):
        judging.acknowledge(
            decisions.states, world.seen("vol-2"), by=editor, reason="accepted risk"
        )
    low, high = (Policy.of("x", {**RULE, "severity": severity}) for severity in ("low", "high"))
    for versions in ((low, high), (high, low), (None, high)):
        assert judging.why_not_changed(*versions, is_approver=False)
        assert not judging.why_not_changed(*versions, is_approver=True)
    assert not judging.why_not_changed(low, low, is_approver=False)


def test_a_new_high_violation_is_reported_once_and_its_end_once(world: World) -> None:
    def notes(said: Mapping[str, State] | None = None) -> Any:
        return alerting.of_violations(
            alerting.kept(world.published.depot), said or {}, world.now, "https://pages"
        )

    assert notes().wrong == ()
    world.scan(volume("vol-1"))
    world.evaluate()
    (first,) = notes().wrong
    assert (first.subject, first.dollars) == ("policy unattached", "40.50 USD a month")
    assert "vol-1 is used by nothing" in first.what
    assert first.address == "https://pages/governance?policy=unattached&severity=high"
    world.evaluate()
    assert notes().wrong[0].cause == first.cause
    world.scan(volume("vol-1"), volume("vol-2"))
    world.evaluate()
    (second,) = notes().wrong
    assert second.cause != first.cause
    assert second.state == "1 new of high severity, 2 open"
    world.scan(volume("vol-1"), volume("vol-2", attached=True))
    world.evaluate()
    # One violation less is no news: the rest was reported before.
    assert notes().wrong[0].cause == first.cause
    one = world.violations["vol-1"]
    accepted = State("violation", one.id, "acknowledged", 1, world.now, "ann", world.now + DAY)
    assert notes({one.id: accepted}).wrong == ()
    assert "policy unattached" in notes({one.id: accepted}).fine
    world.now += 2 * DAY
    (again,) = notes({one.id: accepted}).wrong
    assert again.cause not in (first.cause, second.cause)


def test_an_evaluation_is_due_when_something_changed_or_a_day_began(world: World) -> None:
    def key() -> str | None:
        now = decided()
        return due(world.published.depot, world.published.version, now.digest, world.now)

    assert key()
    world.scan(volume("vol-2"))
    found = decided()
    governing.run(world.published.depot, world.published, found.policies.enabled, TAGS,
                  digest=found.digest, now=world.now)  # fmt: skip
    assert key() is None
    with open_decisions() as decisions:
        book.save(decisions, "mine", RULE, by=Author("ann", "ui"), expected=None)
    changed = key()
    assert changed
    world.scan(volume("vol-3"))
    assert key() not in (None, changed)
    world.now += DAY
    assert str(key()).endswith("2026-11-21")
    governing.run(world.published.depot, world.published, found.policies.enabled, TAGS,
                  digest=decided().digest, now=world.now)  # fmt: skip
    assert key() is None
    # No scan came: from now on the findings of the last one are not known.
    world.now += 3 * HOUR
    assert "//" in str(key())


def test_lists_say_what_is_kept_exactly(world: World) -> None:
    world.scan(volume("vol-1", name="=cmd|' /C calc'!A0"))
    world.evaluate()
    (one,) = seen_now(world.violations.values(), {}, world.now)
    told = for_programs(one)
    assert (told["cost_month"], told["since"], told["said"]) == ("40.50", START.isoformat(), None)
    lines = as_csv([one]).decode().splitlines()
    assert ",40.50,USD," in lines[1]
    assert "'=cmd" in lines[1]
    assert Violation.from_json(json.loads(json.dumps(one.violation.to_json()))) == one.violation


def output(folder: Path, policy: str, resources: list[dict[str, Any]], **about: Any) -> None:
    place = folder / policy
    place.mkdir(parents=True, exist_ok=True)
    metadata = {
        "policy": {"name": policy, "resource": "aws.ebs", "description": "Unattached volumes",
                   "metadata": {"severity": "high"}, **about},
        "config": {"account_id": "111111111111", "region": "eu-west-1"},
        "execution": {"end_time": START.timestamp()},
    }  # fmt: skip
    (place / "metadata.json").write_text(json.dumps(metadata))
    (place / "resources.json").write_text(json.dumps(resources))


def test_what_custodian_found_is_taken_in_and_seen_fixed(world: World, tmp_path: Path) -> None:
    def take_in() -> None:
        with governing.table(world.published.depot, world.published, TAGS) as made:
            found = custodian.read(tmp_path / "out", governing.costs(made.resources))
        governing.take_in(
            world.published.depot, found.found, found.looked, custodian.ORIGIN, found.at
        )

    tags = [{"Key": "Team", "Value": "search"}]
    output(tmp_path / "out", "ebs-unattached", [
        {"VolumeId": "vol-1", "Tags": tags}, {"VolumeId": "vol-2", "Tags": []}])  # fmt: skip
    take_in()
    one = world.violations["vol-1"]
    assert (one.policy, one.severity, one.owner, one.cost_month, one.origin) == (
        "custodian.ebs-unattached", Severity.HIGH, "search", 40.5, "Cloud Custodian",
    )  # fmt: skip
    world.evaluate()
    assert world.violations["vol-1"] == one
    output(tmp_path / "out", "ebs-unattached", [{"VolumeId": "vol-1", "Tags": tags}])
    take_in()
    assert world.violations["vol-2"].is_fixed
    assert not world.violations["vol-1"].is_fixed


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda place: (place / "resources.json").unlink(), "resources.json can't be read"),
        (lambda place: (place / "resources.json").write_text("[{"), "resources.json can't be read"),
        (lambda place: (place / "resources.json").write_text("{}"), "not a list of resources"),
        (lambda place: (place / "resources.json").write_text('[{"Id": 1}]'), "resource 1: it has"),
        (lambda place: (place / "metadata.json").write_text("{}"), "does not say which policy"),
        (lambda place: (place / "metadata.json").unlink(), "holds no metadata.json"),
    ],
)
def test_an_output_of_custodian_that_is_spoilt_is_refused_whole(
    spoil: Any, says: str, tmp_path: Path
) -> None:
    output(tmp_path / "out", "ebs", [{"VolumeId": "vol-1"}])
    spoil(tmp_path / "out" / "ebs")
    with pytest.raises(custodian.CustodianError, match=says):
        custodian.read(tmp_path / "out", {})


def test_versions_do_not_pile_up(world: World) -> None:
    for _ in range(13):
        Ledger(world.published.depot).change(
            lambda *_: (Record("", START.isoformat(), 0, {}, {}), [])
        )
    assert len(list((world.bills.storage / "governance").glob("*.jsonl.gz"))) == 10


_IDS = st.sampled_from("abc")


@given(days=st.lists(st.tuples(st.sets(_IDS), st.sets(_IDS)), min_size=1, max_size=8))
def test_the_state_of_a_violation_follows_its_last_evaluations(
    days: list[tuple[set[str], set[str]]],
) -> None:
    """Each day some are found, and some of the others could not be looked at."""
    known: list[Violation] = []
    last: dict[str, tuple[str, datetime]] = {}
    for number, (found, unseen) in enumerate(days):
        at = START + number * DAY
        new = {one: replace(_violation(one), since=at, last_seen=at) for one in found}
        known = fold(known, new, lambda one, unseen=unseen: one.id not in unseen, at)  # type: ignore[misc]
        for id_ in found:
            before = last.get(id_)
            since = at if before is None or before[0] == "gone" else before[1]
            last[id_] = ("found", since)
        for id_ in set(last) - found:
            state, since = last[id_]
            if state != "gone":
                last[id_] = ("not known" if id_ in unseen else "gone", since)
        assert {one.id: (one.seen, one.since) for one in known} == last


def _violation(id_: str) -> Violation:
    return Violation(
        id_, "p", "P", Severity.LOW, "k", "aws", "1", "", "r", id_, id_, id_, "", {}, "", "says",
        Decimal(1), "USD", "2026-10", START, START,
    )  # fmt: skip
