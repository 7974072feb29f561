"""Sizes and families of machines: halves, successors, and what gp3 costs in comparison.

Within a family, AWS's price is proportional to the size, so half the size is half the price.
"""

from decimal import Decimal
from fractions import Fraction

from credits_pipeline.finops.optimization.opportunity import COMPUTE, DATA
from credits_pipeline.finops.scans.columns import DATABASE

_HALVES = {
    "48xlarge": "24xlarge", "32xlarge": "16xlarge", "24xlarge": "12xlarge", "16xlarge": "8xlarge",
    "8xlarge": "4xlarge", "4xlarge": "2xlarge", "2xlarge": "xlarge", "xlarge": "large",
}  # fmt: skip
#: Burstable families go down to nano.
_BURSTABLE = {"large": "medium", "medium": "small", "small": "micro", "micro": "nano"}
#: Families that can't be halved: accelerators come whole.
_WHOLE = ("p", "g", "inf", "trn", "dl", "f", "vt")
_SUCCESSORS = {
    "m1": "m6i", "m2": "r6i", "m3": "m6i", "m4": "m6i", "c1": "c6i", "c3": "c6i", "c4": "c6i",
    "r3": "r6i", "r4": "r6i", "t1": "t3", "t2": "t3", "i2": "i4i", "d2": "d3",
}  # fmt: skip
_GRAVITON = {
    "m5": "m7g", "m6i": "m7g", "m6a": "m7g", "m7i": "m7g", "m7a": "m7g", "c5": "c7g",
    "c6i": "c7g", "c6a": "c7g", "c7i": "c7g", "c7a": "c7g", "r5": "r7g", "r6i": "r7g",
    "r6a": "r7g", "r7i": "r7g", "r7a": "r7g", "t3": "t4g", "t3a": "t4g",
}  # fmt: skip
#: Sizes that the newest families lack.
_LACKS = {"24xlarge", "32xlarge", "48xlarge", "10xlarge"}
#: EBS in us-east-1, per month: for GB, for IOPS beyond what is included, for MB/s beyond that. Only
#: their ratio counts; the amount is a share of the volume's cost on the bill.
_GP2, _IO1, _IO1_IOPS = Decimal("0.10"), Decimal("0.125"), Decimal("0.065")
_GP3, _GP3_IOPS, _GP3_SPEED = Decimal("0.08"), Decimal("0.005"), Decimal("0.04")
_FREE_IOPS, _FREE_SPEED, _GP2_SPEED, _MOST_IOPS = 3000, 125, 250, 16000
#: Below this, gp2 reaches no more than gp3 includes.
_FAST_GP2 = 170
#: Fargate in us-east-1, per hour: for a vCPU, for a GB.
_FARGATE_CPU, _FARGATE_GB = Decimal("0.04048"), Decimal("0.004445")
#: The possible memory, in GB, for each number of vCPUs: least, most, step.
_FARGATE = {
    Decimal("0.25"): (Decimal("0.5"), 2, Decimal("0.5")),
    Decimal("0.5"): (Decimal(1), 4, Decimal(1)),
    Decimal(1): (Decimal(2), 8, Decimal(1)),
    Decimal(2): (Decimal(4), 16, Decimal(1)),
    Decimal(4): (Decimal(8), 30, Decimal(1)),
    Decimal(8): (Decimal(16), 60, Decimal(4)),
    Decimal(16): (Decimal(32), 120, Decimal(8)),
}


def tab_of(kind: str) -> str:
    """The tab of a machine."""
    return DATA if kind == DATABASE else COMPUTE


def split(instance_type: str) -> tuple[str, str]:
    """Family and size: ``db.r6g``, ``2xlarge``."""
    family, _, size = instance_type.rpartition(".")
    return family, size


def half(instance_type: str) -> str | None:
    """The type of half the size; None if there is none."""
    family, size = split(instance_type)
    bare = family.removeprefix("db.")
    letters = "".join(letter for letter in bare[:3] if letter.isalpha())
    if letters in _WHOLE:
        return None
    smaller_one = _HALVES.get(size) or (_BURSTABLE.get(size) if letters == "t" else None)
    if family.startswith("db.") and smaller_one == "nano":
        return None
    return f"{family}.{smaller_one}" if smaller_one else None


def smaller(instance_type: str, peak: float, most: float, steps: int) -> tuple[str, Fraction]:
    """The smallest type whose peak stays below a limit, and the share that it saves.

    Args:
        instance_type: the current one; it has a half.
        peak: highest use of it, percent.
        most: that use may reach.
        steps: how often it may be halved.
    """
    found, halved = instance_type, 0
    while halved < steps and peak * 2 ** (halved + 1) <= most:
        next_one = half(found)
        if next_one is None:
            break
        found, halved = next_one, halved + 1
    return found, 1 - Fraction(1, 2**halved)


def successor(instance_type: str) -> str | None:
    """The successor of an old type."""
    return _moved(instance_type, _SUCCESSORS)


def graviton(instance_type: str) -> str | None:
    """The equivalent type with AWS's own processor."""
    return _moved(instance_type, _GRAVITON)


def gp3_saves(kind: str, size: float | None, iops: int | None) -> Fraction | None:
    """The share of a volume's cost that gp3 with the same IOPS and speed saves; None if unknown."""
    if size is None or (kind == "io1" and iops is None):
        return None
    gigabytes, wanted = Decimal(str(size)), max(iops or 0, _FREE_IOPS)
    if wanted > _MOST_IOPS or not gigabytes:
        return None
    now = gigabytes * _GP2 if kind == "gp2" else gigabytes * _IO1 + Decimal(iops or 0) * _IO1_IOPS
    fast = kind == "io1" or gigabytes > _FAST_GP2
    then = gigabytes * _GP3 + Decimal(wanted - _FREE_IOPS) * _GP3_IOPS
    then += Decimal(_GP2_SPEED - _FREE_SPEED) * _GP3_SPEED if fast else 0
    return 1 - Fraction(then) / Fraction(now)


def fargate_size(cpu: Decimal, gigabytes: Decimal) -> tuple[Decimal, Decimal] | None:
    """The smallest task of at least this size; None if there is none."""
    for vcpus, (least, most, step) in _FARGATE.items():
        memory = least
        while vcpus >= cpu and memory <= most:
            if memory >= gigabytes:
                return vcpus, memory
            memory += step
    return None


def fargate_saves(now: tuple[Decimal, Decimal], then: tuple[Decimal, Decimal]) -> Fraction:
    """The share of a task's price that another size saves."""
    return 1 - Fraction(_fargate(then)) / Fraction(_fargate(now))


def _fargate(size: tuple[Decimal, Decimal]) -> Decimal:
    return size[0] * _FARGATE_CPU + size[1] * _FARGATE_GB


def _moved(instance_type: str, families: dict[str, str]) -> str | None:
    family, size = split(instance_type)
    found = families.get(family)
    return None if found is None or size in _LACKS else f"{found}.{size}"
