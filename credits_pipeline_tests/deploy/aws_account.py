"""One moto account in its own process, with deploy/aws/data.yaml deployed in it.

moto can refuse what no policy allows; it knows actions and resources, but no conditions.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import yaml
from botocore.config import Config

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.deploy.files import DEPLOY
from credits_pipeline_tests.waiting import eventually

STACK = "credits-data"
REGION = "us-east-1"


@dataclass
class Account:
    """An account with the deployed stack.

    Attributes:
        url: of every service.
        outputs: of the stack.
    """

    url: str
    outputs: Mapping[str, str]

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """A client of a service; before `enforce` it may do everything by default."""
        known = credentials or {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=known.get("AWS_SESSION_TOKEN"),
            # A busy machine answers late, and nothing may be created twice.
            config=Config(read_timeout=300, retries={"total_max_attempts": 1}),
        )

    def enforce(self) -> None:
        """From now on, refuse what no policy allows."""
        httpx.post(
            f"{self.url}/moto-api/reset-auth", content="0", trust_env=False
        ).raise_for_status()

    def allow_everything(self) -> None:
        """Stop checking policies."""
        answer = httpx.post(f"{self.url}/moto-api/reset-auth", content="inf", trust_env=False)
        answer.raise_for_status()

    def role(self, arn: str) -> dict[str, str]:
        """A role's credentials, as the SDK reads them from the environment."""
        name = arn.rpartition("/")[2]
        iam = self.client("iam")
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            found = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            iam.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=self._with_secret(found)
            )
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def user(self, policy_arn: str) -> dict[str, str]:
        """Credentials of a person with only one managed policy."""
        iam = self.client("iam")
        iam.create_user(UserName="person")
        iam.attach_user_policy(UserName="person", PolicyArn=policy_arn)
        key = iam.create_access_key(UserName="person")["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    def _with_secret(self, policy: Any) -> str:
        """A policy as moto's CloudFormation made it, and the secret that moto does not create."""
        document = yaml.safe_load(str(policy))
        for statement in document["Statement"]:
            if statement["Sid"] == "ReadTheKey":
                statement["Resource"] = self.outputs["Secret"]
        return json.dumps(document)


@contextmanager
def account(**parameters: str) -> Iterator[Account]:
    """Run moto and deploy the stack in it.

    Args:
        parameters: of the template.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/moto-api/", trust_env=False).is_success
            except httpx.HTTPError:
                return False

        eventually(answers, "moto did not start")
        made = Account(url, {})
        stacks = made.client("cloudformation")
        stacks.create_stack(
            StackName=STACK,
            TemplateBody=(DEPLOY / "aws" / "data.yaml").read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        )
        (stack,) = stacks.describe_stacks(StackName=STACK)["Stacks"]
        outputs = {found["OutputKey"]: found["OutputValue"] for found in stack["Outputs"]}
        # What moto's CloudFormation does not create.
        for bucket in (outputs["Inbox"], outputs["Storage"]):
            made.client("s3").put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        secret = made.client("secretsmanager").create_secret(Name=f"{STACK}/cloudzero")["ARN"]
        yield Account(url, {**outputs, "Secret": secret})
    finally:
        server.terminate()
        server.wait(20)
