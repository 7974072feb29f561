"""The thresholds of the rules: AWS's own where AWS has one, each a setting with its source.

`FINOPS_RULES` changes them by name. A test compares the page docs/optimization.md with this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.core.money import from_text
from credits_pipeline.finops import settings

_CO = "Compute Optimizer, idle criteria"
_CO_NEEDS = "Compute Optimizer, resource requirements"
_CO_SIZE = "Compute Optimizer, rightsizing preferences"
_TA = "Trusted Advisor, cost optimization checks"
_OWN = "this product's choice"


@dataclass(frozen=True)
class Threshold:
    """One threshold.

    Attributes:
        name: as in `FINOPS_RULES`.
        default: used if nothing else is set.
        unit: of the number.
        meaning: one line for people.
        source: where it comes from.
    """

    name: str
    default: Decimal
    unit: str
    meaning: str
    source: str


def _t(name: str, default: str, unit: str, meaning: str, source: str) -> Threshold:
    return Threshold(name, Decimal(default), unit, meaning, source)


ALL = (
    _t("hours_seen", "30", "hours", "A rule about load needs this many hours of metrics.", _CO_NEEDS),
    _t("ec2_idle_cpu", "5", "%", "An instance is idle if its CPU stays below this for 14 days …", _CO),
    _t("ec2_idle_network", "5", "MB a day", "… and its traffic stays below this.", _CO),
    _t("ecs_idle_cpu", "1", "%", "A Fargate service is idle if its CPU never exceeds this …", _CO),
    _t("ecs_idle_memory", "1", "%", "… and its memory never exceeds this.", _CO),
    _t("rds_idle_connections", "0", "connections", "A database is idle with at most this many in 7 days.", _TA),
    _t("elb_idle_requests", "100", "requests a day", "A load balancer is idle below this over 7 days, or without targets.", _TA),
    _t("nat_idle_bytes", "0", "bytes", "A NAT gateway is idle if it sends no more in 7 days.", _CO),
    _t("volume_unattached_days", "32", "days", "A volume is unused if nothing uses it for so long.", _CO),
    _t("stopped_days", "30", "days", "After this long, the volumes of a stopped instance are unused.", _OWN),
    _t("snapshot_days", "90", "days", "A snapshot is old after this, if no image uses it.", _OWN),
    _t("headroom", "20", "%", "What stays free at the peak after rightsizing.", _CO_SIZE),
    _t("lambda_calls", "50", "calls", "A function needs this many calls in 14 days …", _CO_NEEDS),
    _t("lambda_memory", "1792", "MB", "… and at most this much memory, to be judged.", _CO_NEEDS),
    _t("off_hours_share", "90", "%", "A machine runs outside hours if it is on for this much of them …", _OWN),
    _t("off_hours_cpu", "5", "%", "… and is not used then if its CPU stays below this.", _CO),
    _t("least_saving", "1", "a month", "Smaller savings are no item, in the bill's currency.", _OWN),
    _t("material_change", "25", "%", "A dismissed item reopens if its saving grows by more.", _OWN),
    _t("proof_share", "50", "%", "A later whole month has to show this much of a saving.", _OWN),
    _t("stable_spread", "10", "%", "Use is stable if plans of 7, 30, 60 days differ no more.", _OWN),
)  # fmt: skip
_BY_NAME = {one.name: one for one in ALL}


@dataclass(frozen=True)
class Thresholds:
    """The current numbers.

    Attributes:
        changed: those that differ from their defaults.
    """

    changed: Mapping[str, Decimal]

    def __getitem__(self, name: str) -> Decimal:
        """One number.

        Raises:
            KeyError: there is none of that name.
        """
        return self.changed.get(name, _BY_NAME[name].default)

    @classmethod
    def parse(cls, text: str) -> "Thresholds":
        """Read ``name=number,name=number``.

        Raises:
            ValueError: naming what can't be used.
        """
        changed = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = (word.strip() for word in part.partition("="))
            if name not in _BY_NAME:
                raise ValueError(f"{name!r} is not a threshold; there are {', '.join(_BY_NAME)}")
            if name in changed:
                raise ValueError(f"{name} is there twice; name each threshold once")
            try:
                value = from_text(number)
            except ValueError:
                value = Decimal(-1)
            if value < 0:
                raise ValueError(f"{name}={number} is not a number from 0 upwards, such as 2.5")
            changed[name] = value
        return cls(changed)


DEFAULTS = Thresholds({})


def configured() -> Thresholds:
    """The thresholds with the changes of `FINOPS_RULES`.

    Raises:
        SettingError: it can't be used.
    """
    return settings.RULES.read(Thresholds.parse)
