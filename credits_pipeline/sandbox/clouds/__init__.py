"""A stand-in for what moto lacks of AWS: it answers from a world, fails on demand, and forwards.

It shares no code with the client, so that both can't be wrong in the same way.
"""

from credits_pipeline.sandbox.clouds.stand_in import CloudsStandIn
from credits_pipeline.sandbox.clouds.world import Fault, World

__all__ = ["CloudsStandIn", "Fault", "World"]
