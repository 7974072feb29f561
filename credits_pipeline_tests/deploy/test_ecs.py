"""The launcher of deploy/dagster/ecs/dagster.yaml, on moto's ECS."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import boto3
import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.instance.config import dagster_instance_config
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_aws.ecs import EcsRunLauncher

from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.deploy.files import DEPLOY

FAMILY = "credits-services-pipeline"


class TaskMetadata(BaseHTTPRequestHandler):
    """What ECS tells a task about itself."""

    told: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = json.dumps(self.told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def ecs(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with a cluster, in which this process is a task of the service."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    client = boto3.client("ecs")
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    client.create_cluster(clusterName="credits")
    template = (DEPLOY / "aws" / "services.yaml").read_text()
    (name,) = re.findall(r"- Name: (\w+)\n +Image: !Ref Image\n +PortMappings: .*4000", template)
    client.register_task_definition(
        family=FAMILY,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="512",
        memory="2048",
        # moto wants the task's memory here as well.
        containerDefinitions=[{"name": name, "image": "credits-pipeline:0.1.0", "memory": 2048}],
    )
    (service,) = client.run_task(
        cluster="credits",
        taskDefinition=FAMILY,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
    )["tasks"]
    TaskMetadata.told = {"Cluster": service["clusterArn"], "TaskARN": service["taskArn"]}
    server = ThreadingHTTPServer(("127.0.0.1", 0), TaskMetadata)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"http://127.0.0.1:{server.server_port}")
    try:
        yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_run_becomes_a_task_of_the_definition_and_can_be_stopped(
    ecs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No task definition is registered: the services' role may not."""
    path = DEPLOY / "dagster" / "ecs"
    for variable in re.findall(r"env: (\w+)", (path / "dagster.yaml").read_text()):
        monkeypatch.setenv(variable, "5432" if variable.endswith("PORT") else "given")
    monkeypatch.setenv("DAGSTER_RUN_TASK_DEFINITION", FAMILY)
    config, _ = dagster_instance_config(str(path))
    launcher = EcsRunLauncher.from_config_value(None, config["run_launcher"]["config"])
    definitions = ecs.list_task_definitions()["taskDefinitionArns"]
    before = set(ecs.list_tasks(cluster="credits")["taskArns"])
    pointer = ModuleCodePointer("credits_pipeline.definitions", "defs", None)
    origin = JobPythonOrigin("credits_month", RepositoryPythonOrigin(sys.executable, pointer))
    with dg.DagsterInstance.local_temp() as instance:
        launcher.register_instance(instance)
        run = instance.create_run_for_job(
            dg.job(name="credits_month")(lambda: None), job_code_origin=origin
        )
        launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
        (made,) = set(ecs.list_tasks(cluster="credits")["taskArns"]) - before
        (task,) = ecs.describe_tasks(cluster="credits", tasks=[made])["tasks"]
        (container,) = task["overrides"]["containerOverrides"]
        assert task["taskDefinitionArn"] in definitions
        *command, arguments = container["command"]
        assert command[-2:] == ["api", "execute_run"]
        assert run.run_id in arguments
        assert "given" not in json.dumps(container)
        assert ecs.list_task_definitions()["taskDefinitionArns"] == definitions
        assert launcher.check_run_worker_health(instance.get_run_by_id(run.run_id)).status.value
        launcher.terminate(run.run_id)
        (task,) = ecs.describe_tasks(cluster="credits", tasks=[made])["tasks"]
        assert task["desiredStatus"] == "STOPPED"
