"""Maps a cloud's own words to our kinds and actions; words without a match stay theirs."""

from credits_pipeline.finops.scans.columns import (
    ADDRESS,
    BALANCER,
    DATABASE,
    EC2,
    FUNCTION,
    NAT,
    SERVICE,
    SNAPSHOT,
    VOLUME,
)

_KINDS = {
    "ec2instance": EC2, "ebsvolume": VOLUME, "ecsservice": SERVICE, "lambdafunction": FUNCTION,
    "rdsdbinstance": DATABASE, "natgateway": NAT, "ebssnapshot": SNAPSHOT, "elasticip": ADDRESS,
    "loadbalancer": BALANCER,
}  # fmt: skip
_IDLE = {
    EC2: "terminate_idle_instance", VOLUME: "delete_unattached_volume",
    SERVICE: "stop_idle_service", DATABASE: "stop_idle_database", NAT: "delete_idle_nat_gateway",
    SNAPSHOT: "delete_old_snapshot",
    ADDRESS: "release_address", BALANCER: "delete_idle_load_balancer",
}  # fmt: skip
_SMALLER = {
    EC2: "rightsize_instance", SERVICE: "rightsize_service", DATABASE: "rightsize_database",
    FUNCTION: "reduce_function_memory",
}  # fmt: skip
_GRAVITON = {
    EC2: "move_to_graviton", SERVICE: "move_service_to_graviton",
    FUNCTION: "move_function_to_graviton",
}  # fmt: skip
_UPGRADE = {VOLUME: "move_volume_to_gp3", EC2: "upgrade_generation"}
_ACTIONS = {
    "stop": _IDLE, "delete": _IDLE, "rightsize": _SMALLER, "scalein": _SMALLER,
    "migratetograviton": _GRAVITON, "upgrade": _UPGRADE,
}  # fmt: skip


def kind_of(word: str) -> str:
    """The kind of a resource that a cloud names, in whatever spelling."""
    return _KINDS.get(_plain(word), word)


def action_of(kind: str, word: str) -> str:
    """The action that a cloud advises for a kind."""
    return _ACTIONS.get(_plain(word), {}).get(kind) or f"advised_{_plain(word) or 'change'}"


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())
