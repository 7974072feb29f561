"""A stand-in for CloudZero: its AnyCost Stream API as a real HTTP server on loopback.

It enforces the published contract, so that a client that satisfies it can meet the real one.
``docs/stand-in.md`` says what is documented, observed and inferred of each behaviour. It shares no
code with the client.
"""

from credits_pipeline.sandbox.cloudzero.api import SCOPE_OF, SCOPES
from credits_pipeline.sandbox.cloudzero.clock import Clock
from credits_pipeline.sandbox.cloudzero.faults import Fault
from credits_pipeline.sandbox.cloudzero.journal import Counters, RequestRecord
from credits_pipeline.sandbox.cloudzero.settings import StandInSettings
from credits_pipeline.sandbox.cloudzero.stand_in import CloudZeroStandIn

__all__ = [
    "SCOPES",
    "SCOPE_OF",
    "Clock",
    "CloudZeroStandIn",
    "Counters",
    "Fault",
    "RequestRecord",
    "StandInSettings",
]
