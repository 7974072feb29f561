"""Commands to copy: what a person would type to carry out an item. Nothing here runs them."""

import shlex

from credits_pipeline.finops.scans.resources import Resource


def command(resource: Resource, service: str, verb: str, *words: str) -> str:
    """An AWS CLI command in the resource's region, every word quoted where needed."""
    return shlex.join(["aws", service, verb, "--region", resource.region, *words])


def own_name(resource: Resource) -> str:
    """AWS's own name of it, whatever its tag Name says."""
    return resource.id.split(":")[-1].split("/")[-1]


def cluster_of(resource: Resource) -> str:
    """The cluster of an ECS service; old ARNs name none, and mean the default one."""
    _, *cluster, _ = ["", *resource.id.split(":")[-1].split("/")][-3:]
    return cluster[0] if cluster and cluster[0] != "service" else "default"
