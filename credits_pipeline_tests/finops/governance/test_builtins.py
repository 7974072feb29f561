"""The fifteen built-in policies as tables: each at its thresholds, and without its evidence."""

from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.governance.book import builtin_bodies, of_bodies
from credits_pipeline.finops.governance.evaluating import Outcome, evaluate
from credits_pipeline.finops.governance.policy import Policy, PolicyError
from credits_pipeline.finops.governance.reading import read, written
from credits_pipeline_tests.finops.governance.tables import resource, table

BROKEN, CLEAN, UNKNOWN, NOT_ABOUT = "broken", "clean", "not known", "not about it"
LISTS = {
    "gpu-outside-allowed-accounts": {"allowed_accounts": ["222222222222"]},
    "region-not-allowed": {"allowed_regions": ["eu-west-1"]},
}
_EC2: dict[str, Any] = {
    "state": "running", "hours_seen": 336, "hours_expected": 336, "cpu_max_14d": 4.9,
    "network_mb_day_14d": 4.9, "instance_type": "m4.large", "gpus": 0, "gpu_name": "",
    "current_generation": True, "architecture": "arm64", "platform": "linux",
    "off_hours_share": 10.0,
}  # fmt: skip
_ALL_TAGS = {"team": "core", "product": "shop", "environment": "prod"}


def ec2(**special: Any) -> dict[str, Any]:
    return {**_EC2, "tags": _ALL_TAGS, **special}


def other(kind: str, **special: Any) -> dict[str, Any]:
    return {"kind": kind, "tags": _ALL_TAGS, **special}


def lacks(*columns: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(columns),
        "not_known": dict.fromkeys(columns, "no permission"),
    }


VOLUME, SNAPSHOT, ADDRESS = "aws.ec2.volume", "aws.ec2.snapshot", "aws.ec2.address"
DATABASE, BALANCER = "aws.rds.instance", "aws.elb.load_balancer"
NAT, LOGS, BUCKET = "aws.ec2.nat_gateway", "aws.logs.group", "aws.s3.bucket"
_DB = {"state": "available", "hours_seen": 168, "instance_type": "db.r6g.large", "engine": "pg"}
CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "required-tags": [
        (ec2(), CLEAN),
        (ec2(tags={"team": "core", "product": "shop"}), BROKEN),
        (ec2(tags={**_ALL_TAGS, "team": "  "}), BROKEN),
        (ec2(tags={"Team": "core", "PRODUCT": "shop", "env": "prod"}), CLEAN),
        (ec2(tags=None, not_known={"tags": "no permission"}), UNKNOWN),
        (other(BUCKET, tags={}), BROKEN),
    ],
    "gpu-outside-allowed-accounts": [
        (ec2(gpus=1, gpu_name="A10G"), BROKEN),
        (ec2(gpus=8, account="222222222222"), CLEAN),
        (ec2(gpus=0), CLEAN),
        (ec2(**lacks("gpus")), UNKNOWN),
        # In an allowed account it never violates, whatever it is.
        (ec2(**lacks("gpus"), account="222222222222"), CLEAN),
    ],
    "region-not-allowed": [
        (ec2(), CLEAN),
        (ec2(region="us-east-1"), BROKEN),
        (other(BUCKET, region="global"), CLEAN),
    ],
    "ec2-idle": [
        (ec2(), BROKEN),
        (ec2(cpu_max_14d=5.0), CLEAN),
        (ec2(network_mb_day_14d=5.0), CLEAN),
        (ec2(state="stopped", **lacks("cpu_max_14d", "network_mb_day_14d", "hours_seen")), CLEAN),
        (ec2(**lacks("network_mb_day_14d")), UNKNOWN),
        (ec2(**lacks("cpu_max_14d", "hours_seen")), UNKNOWN),
        (ec2(**lacks("network_mb_day_14d"), cpu_max_14d=50.0), CLEAN),
        (other(DATABASE, **_DB), NOT_ABOUT),
    ],
    "ec2-stopped-with-volumes": [
        (other(VOLUME, attached=True, holder_stopped_days=30.1, attached_to="i-1"), BROKEN),
        (other(VOLUME, attached=True, holder_stopped_days=30.0), CLEAN),
        (other(VOLUME, attached=True, holder_stopped_days=None), CLEAN),
        (other(VOLUME, attached=False), CLEAN),
        (other(VOLUME, attached=True, **lacks("holder_stopped_days")), UNKNOWN),
        (other(VOLUME, **lacks("attached")), UNKNOWN),
    ],
    "volume-unattached": [
        (other(VOLUME, attached=False, unattached_days=7.1), BROKEN),
        (other(VOLUME, attached=False, unattached_days=7.0), CLEAN),
        (other(VOLUME, attached=True), CLEAN),
        (other(VOLUME, **lacks("attached"), unattached_days=9.0), UNKNOWN),
        (other(VOLUME, attached=False, **lacks("unattached_days")), UNKNOWN),
    ],
    "volume-old-type": [
        (other(VOLUME, volume_type="gp2", iops=100, size_gb=10.0), BROKEN),
        (other(VOLUME, volume_type="io1", iops=100, size_gb=10.0), BROKEN),
        (other(VOLUME, volume_type="gp3"), CLEAN),
        (other(VOLUME, **lacks("volume_type")), UNKNOWN),
    ],
    "snapshot-old": [
        (other(SNAPSHOT, age_days=90.1, image_uses=0, size_gb=5.0), BROKEN),
        (other(SNAPSHOT, age_days=90.0, image_uses=0), CLEAN),
        # A disabled image counts as one of its uses.
        (other(SNAPSHOT, age_days=900.0, image_uses=1), CLEAN),
        (other(SNAPSHOT, age_days=900.0, **lacks("image_uses")), UNKNOWN),
    ],
    "address-idle": [
        (other(ADDRESS, attached=False), BROKEN),
        (other(ADDRESS, attached=True), CLEAN),
        (other(ADDRESS, **lacks("attached")), UNKNOWN),
    ],
    "old-generation": [
        (ec2(current_generation=False), BROKEN),
        (ec2(architecture="x86_64"), BROKEN),
        (ec2(architecture="x86_64", platform="windows"), CLEAN),
        (ec2(architecture="x86_64", gpus=1), CLEAN),
        (ec2(), CLEAN),
        (ec2(architecture="x86_64", state="stopped"), CLEAN),
        (ec2(**lacks("current_generation")), UNKNOWN),
        (ec2(**lacks("current_generation", "state")), UNKNOWN),
    ],
    "rds-without-connections": [
        (other(DATABASE, **_DB, connections_max_7d=0.0), BROKEN),
        (other(DATABASE, **_DB, connections_max_7d=1.0), CLEAN),
        (other(DATABASE, **{**_DB, "state": "stopped"}, connections_max_7d=0.0), CLEAN),
        (other(DATABASE, **_DB, **lacks("connections_max_7d")), UNKNOWN),
    ],
    "load-balancer-idle": [
        (other(BALANCER, targets=0, requests_7d=100.0), BROKEN),
        (other(BALANCER, targets=2, requests_7d=0.0), BROKEN),
        (other(BALANCER, targets=2, requests_7d=1.0), CLEAN),
        (other(BALANCER, targets=0, **lacks("requests_7d")), BROKEN),
        (other(BALANCER, targets=2, **lacks("requests_7d")), UNKNOWN),
    ],
    "nat-gateway-idle": [
        (other(NAT, bytes_out_7d=0.0), BROKEN),
        (other(NAT, bytes_out_7d=1.0), CLEAN),
        (other(NAT, **lacks("bytes_out_7d")), UNKNOWN),
    ],
    "no-expiry": [
        (other(LOGS, has_expiry=False, stored_gb=1.0), BROKEN),
        (other(BUCKET, has_expiry=False, **lacks("stored_gb")), BROKEN),
        (other(LOGS, has_expiry=True), CLEAN),
        (other(BUCKET, **lacks("has_expiry")), UNKNOWN),
    ],
    "non-production-at-night": [
        (ec2(tags={"environment": "Dev"}, off_hours_share=50.1), BROKEN),
        (ec2(tags={"env": "staging"}, off_hours_share=90.0), BROKEN),
        (ec2(tags={"environment": "dev"}, off_hours_share=50.0), CLEAN),
        (ec2(tags={"environment": "prod"}, off_hours_share=99.0), CLEAN),
        (ec2(tags={"environment": "dev"}, **lacks("off_hours_share")), UNKNOWN),
        (ec2(tags=None, not_known={"tags": "no"}, off_hours_share=99.0), UNKNOWN),
    ],
}


def policy(id_: str) -> Policy:
    body = builtin_bodies()[id_]
    return Policy.of(id_, {**body, "enabled": True, "values": LISTS.get(id_, body.get("values"))})


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Outcome, dict[str, int]]]:
    """Every policy with every case, and the number of each case."""
    rows = [
        resource(f"{id_} {at}", **case)
        for id_, cases in CASES.items()
        for at, (case, _) in enumerate(cases)
    ]
    file = table(tmp_path_factory.mktemp("builtins"), rows)
    order = sorted(rows, key=lambda one: tuple(one[key] for key in
                   ("provider", "account", "region", "kind", "resource_id")))  # fmt: skip
    numbers = {one["resource_id"]: at for at, one in enumerate(order, start=1)}
    found = evaluate([policy(id_) for id_ in CASES], file)
    return {one.policy.id: (one, numbers) for one in found}


@pytest.mark.parametrize("id_", CASES)
def test_a_built_in_says_what_its_table_says(
    id_: str, outcomes: dict[str, tuple[Outcome, dict[str, int]]]
) -> None:
    outcome, numbers = outcomes[id_]
    assert not outcome.error
    about = {one for kind in outcome.policy.applies_to for one in [kind]}
    for at, (case, expected) in enumerate(CASES[id_]):
        number = numbers[f"{id_} {at}"]
        said = BROKEN if number in outcome.broken else CLEAN
        if number in outcome.not_known:
            said = UNKNOWN
        if "*" not in about and case.get("kind", "aws.ec2.instance") not in about:
            said = NOT_ABOUT if said == CLEAN else said
        assert said == expected, (id_, at, case)
        if expected == BROKEN:
            assert "{" not in outcome.broken[number]


def test_sentences_say_what_was_seen(
    outcomes: dict[str, tuple[Outcome, dict[str, int]]],
) -> None:
    def says(id_: str, at: int) -> str:
        outcome, numbers = outcomes[id_]
        return outcome.broken[numbers[f"{id_} {at}"]]

    assert says("required-tags", 1) == "Lacks the tags environment"
    assert says("required-tags", 5) == "Lacks the tags team, product, environment"
    assert says("ec2-idle", 0) == (
        "CPU at most 4.9 % and 4.9 MB a day in 14 days, 336 of 336 hours seen"
    )
    assert says("no-expiry", 1) == "not known GB, and nothing in it is ever deleted"
    assert says("gpu-outside-allowed-accounts", 0) == (
        "1 \u00d7 A10G (m4.large) in account 111111111111, which may have none"
    )


def test_there_are_fifteen_and_each_has_a_table() -> None:
    assert len(builtin_bodies()) == 15
    assert set(CASES) == set(builtin_bodies())


def test_a_built_in_that_waits_for_a_list_can_not_be_on_without_it() -> None:
    for id_ in LISTS:
        held = of_bodies({}).kept[id_].policy
        assert not held.enabled
        assert held.waits_for
        with pytest.raises(PolicyError, match="is empty"):
            Policy.of(id_, {**builtin_bodies()[id_], "enabled": True})


@pytest.mark.parametrize("id_", CASES)
def test_a_policy_reads_back_as_it_was_written(id_: str) -> None:
    body = builtin_bodies()[id_]
    (one,) = read(written(id_, body))
    assert (one.policy.id, one.body) == (id_, body)


def test_a_file_of_all_of_them_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    parts = [written(id_, body) for id_, body in builtin_bodies().items()]
    indented = ["- " + "  ".join(part.splitlines(keepends=True)) for part in parts]
    file.write_text("".join(indented))
    assert [one.policy.id for one in read(file.read_text())] == list(builtin_bodies())
