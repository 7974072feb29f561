"""Dagster, Compose, Kubernetes and the code accept what is in deploy/."""

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_aws.ecs import EcsRunLauncher
from dagster_aws.s3 import S3ComputeLogManager
from dagster_k8s import K8sRunLauncher
from dagster_postgres import DagsterPostgresStorage
from packaging.requirements import Requirement

from credits_pipeline.core.settings import VARIABLES
from credits_pipeline.finops.pages.variables import VARIABLES as DOOR
from credits_pipeline.finops.settings import VARIABLES as WING
from credits_pipeline_tests.deploy.files import DEPLOY, ROOT, compose, image_command, load

INSTANCES = ["dagster/dagster.yaml", "dagster/ecs/dagster.yaml"]
#: Variables of Dagster, its database's driver, the AWS SDK and Python; all others are ours.
OTHERS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DAGSTER_HOME",
    "FINOPS_PG_PASSWORD",
    "OAUTH2_PROXY_BASIC_AUTH_PASSWORD",
    "OAUTH2_PROXY_CLIENT_ID",
    "OAUTH2_PROXY_CLIENT_SECRET",
    "OAUTH2_PROXY_COOKIE_SECRET",
    "PAGES_AWS_ACCESS_KEY_ID",
    "PAGES_AWS_SECRET_ACCESS_KEY",
    "PAGES_AWS_SESSION_TOKEN",
    "PATH",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_USER",
    "PYTHONUNBUFFERED",
    "RDS_SHA256",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
}


def pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """The packages of a lock, each with its version and its files' hashes."""
    found = {}
    for entry in re.split(r"\n(?=\S)", path.read_text()):
        if entry.startswith("#"):
            continue
        requirement = Requirement(entry.split("\\")[0].strip())
        hashes = frozenset(re.findall(r"--hash=(sha256:\w+)", entry))
        found[f"{requirement.name}; {requirement.marker}"] = (str(requirement.specifier), hashes)
    return found


def test_the_image_installs_what_was_tested_and_nothing_that_develops() -> None:
    image, tested = pins(DEPLOY / "requirements.txt"), pins(ROOT / "requirements.txt")
    names = {name.partition(";")[0] for name in image}
    assert not names & {"pytest", "moto", "mypy", "ruff", "playwright", "sphinx", "hypothesis"}
    assert {"dagster-webserver", "dagster-postgres", "dagster-aws", "dagster-k8s"} <= names
    assert {"duckdb", "obstore", "sqlalchemy", "streamlit", "typst"} <= names
    versions = {name.partition(";")[0]: set() for name in tested}
    for name, (version, hashes) in tested.items():
        versions[name.partition(";")[0]].add((version, hashes))
    for name, pinned in image.items():
        assert pinned in versions[name.partition(";")[0]], name


def test_the_image_runs_without_root_and_copies_nothing_else() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    (user,) = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert not user.startswith(("root", "0"))
    assert "--require-hashes" in text
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    allowed = {
        line.removeprefix("!")
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert {name for line in copied for name in line.split()} == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_compose_takes_the_file() -> None:
    """The schema comes with check-jsonschema: nothing is downloaded."""
    told = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            str(DEPLOY / "docker-compose.yaml"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    services = compose()
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert services["postgres"]["networks"] == ["inside"]


def test_only_the_code_server_knows_the_key() -> None:
    services = compose()
    assert [name for name, service in services.items() if "env_file" in service] == ["code"]
    given = {n for name in services for n in services[name].get("environment", {})}
    assert not given & {variable.name for variable in VARIABLES if variable.secret}
    # The pages need two things from the first wing: its storage and the address of its UI.
    assert given & {variable.name for variable in VARIABLES} == {
        "CREDITS_STORAGE",
        "CREDITS_UI_URL",
    }


def test_the_pages_are_given_their_own_database_and_nothing_of_dagster_s() -> None:
    services = compose()
    given = services["pages"]["environment"]
    assert "FINOPS_DATABASE_URL" in given
    assert not {name for name in given if name.startswith(("DAGSTER_PG", "CLOUDZERO"))}
    # Whatever may write to the storage has another key than the pipeline.
    assert given["AWS_ACCESS_KEY_ID"] == "${PAGES_AWS_ACCESS_KEY_ID:-}"
    others = [name for name, one in services.items() if "FINOPS_PROXY_SECRET" in str(one)]
    assert others == ["pages"]
    assert "ports" not in services["pages"]


def test_viewers_are_served_read_only() -> None:
    services = compose()
    assert services["viewer"]["command"] == [*services["webserver"]["command"], "--read-only"]


@pytest.mark.parametrize(
    "command",
    [
        image_command(),
        *(compose()[name]["command"] for name in ("daemon", "webserver", "viewer", "pages")),
    ],
    ids=lambda command: command[0],
)
def test_every_command_has_the_options_that_it_is_given(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in command[1:] if not word.startswith("-")]
    counted = {"dagster": 2, "dagster-daemon": 1, "credits-pipeline": 1}
    words = words[: counted.get(command[0], 0)]
    (program,) = entry_points(group="console_scripts", name=command[0])
    monkeypatch.setattr(sys, "argv", [command[0], *words, "--help"])
    with pytest.raises(SystemExit, match="0"):
        program.load()()
    told = capsys.readouterr().out
    options = {word.partition("=")[0] for word in command if word.startswith("--")}
    assert {option for option in options if option not in told} == set()


def instance_config(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A dagster.yaml as Dagster reads it, with a value for every variable in it."""
    for variable in re.findall(r"env: (\w+)", (DEPLOY / name).read_text()):
        monkeypatch.setenv(variable, "5432" if variable.endswith("PORT") else "given")
    config, custom = dagster_instance_config(str((DEPLOY / name).parent))
    assert custom is None
    return dict(config)


@pytest.mark.parametrize("name", INSTANCES)
def test_dagster_takes_every_dagster_yaml(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = instance_config(name, monkeypatch)
    assert config["telemetry"] == {"enabled": False}
    assert config["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert config["run_monitoring"]["enabled"]
    for found, known in (
        (config["compute_logs"]["config"], S3ComputeLogManager),
        (config["storage"]["postgres"], DagsterPostgresStorage),
        (config.get("run_launcher", {}).get("config", {}), EcsRunLauncher),
    ):
        schema = resolve_to_config_type(known.config_type())
        assert process_config(schema, found).errors in (None, [])
    assert config["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"


def test_a_run_may_last_longer_than_the_longest_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    (drop,) = (v.default for v in VARIABLES if v.name == "CLOUDZERO_DROP_SECONDS")
    for name in INSTANCES:
        limit = instance_config(name, monkeypatch)["run_monitoring"]["max_runtime_seconds"]
        assert limit > int(drop or 0)


def test_both_dagster_yamls_differ_only_in_the_launcher() -> None:
    plain, ecs = (load(name) for name in INSTANCES)
    assert ecs.pop("run_launcher")["class"] == "EcsRunLauncher"
    assert ecs == plain
    assert load("dagster/workspace.yaml") == load("dagster/ecs/workspace.yaml")


def test_the_workspace_is_the_code_server_of_compose() -> None:
    (origin,) = location_origins_from_yaml_paths([str(DEPLOY / "dagster" / "workspace.yaml")])
    assert origin.host in compose()
    assert str(origin.port) in image_command()
    assert origin.location_name in image_command()


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def test_the_launcher_on_kubernetes_takes_its_values() -> None:
    """From the chart's template: names in snake case, and what the chart itself adds."""
    values = load("kubernetes/values.yaml")
    given = values["runLauncher"]["config"]["k8sRunLauncher"]
    config = {snake(name): value for name, value in given.items()} | {
        "service_account_name": values["serviceAccount"]["name"],
        "instance_config_map": "credits-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "dagster_home": "/opt/dagster/dagster_home",
    }
    schema = resolve_to_config_type(K8sRunLauncher.config_type())
    assert process_config(schema, config).errors in (None, [])


def test_kubernetes_has_the_same_instance() -> None:
    values, plain = load("kubernetes/values.yaml"), load("dagster/dagster.yaml")
    daemon = values["dagsterDaemon"]
    assert {
        snake(n): v for n, v in daemon["runMonitoring"].items() if n != "maxResumeRunAttempts"
    } == plain["run_monitoring"]
    assert {snake(n): v for n, v in daemon["runRetries"].items()} == plain["run_retries"]
    assert {snake(n): v for n, v in daemon["sensors"].items()} == plain["sensors"]
    assert values["telemetry"] == plain["telemetry"] == {"enabled": False}
    logs = values["computeLogManager"]["config"]["s3ComputeLogManager"]
    known = plain["compute_logs"]["config"]
    assert {snake(n): v for n, v in logs.items()} == {**known, "bucket": logs["bucket"]}
    for what in ("schedule", "sensor"):
        purge = values["retention"][what]["purgeAfterDays"]
        assert purge == plain["retention"][what]["purge_after_days"]
    scheme = plain["storage"]["postgres"]["postgres_db"]["scheme"]
    assert values["postgresql"]["postgresqlScheme"] == scheme
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]["maxConcurrentRuns"]
    assert queue == plain["concurrency"]["runs"]["max_concurrent_runs"]


def test_kubernetes_takes_what_is_put_into_its_pods() -> None:
    """The pod that the chart makes from the deployment's values, against Kubernetes' own schema."""
    import kubernetes_validate

    (code,) = load("kubernetes/values.yaml")["dagster-user-deployments"]["deployments"]
    container = {
        "name": code["name"],
        "image": f"{code['image']['repository']}:{code['image']['tag']}",
        "imagePullPolicy": code["image"]["pullPolicy"],
        "args": ["dagster", "api", "grpc", *code["dagsterApiGrpcArgs"]],
        "ports": [{"containerPort": code["port"]}],
        "env": [{"name": name, "value": value} for name, value in code["env"].items()],
        "envFrom": [{"secretRef": secret} for secret in code["envSecrets"]],
        "securityContext": code["securityContext"],
        "resources": code["resources"],
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": code["name"]},
        "spec": {"securityContext": code["podSecurityContext"], "containers": [container]},
    }
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)


def test_kubernetes_takes_the_pages_and_nobody_but_the_door_reaches_them() -> None:
    import kubernetes_validate

    made = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "pages.yaml").read_text()))
    for one in made:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    by_kind = {one["kind"]: one for one in made}
    assert by_kind.keys() == {"ServiceAccount", "Deployment", "Service", "NetworkPolicy"}
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (code,) = load("kubernetes/values.yaml")["dagster-user-deployments"]["deployments"]
    assert pod["securityContext"] == code["podSecurityContext"]
    assert container["securityContext"] == code["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    known = {variable.name for variable in (*VARIABLES, *WING, *DOOR)} | OTHERS
    assert {one["name"] for one in container["env"]} <= known
    (rule,) = by_kind["NetworkPolicy"]["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"credits-pages": "door"}}}]


def test_what_reads_exports_in_other_clouds_writes_nothing() -> None:
    role = json.loads((DEPLOY / "azure" / "exports-role.json").read_text())
    assert all(one.endswith("/read") for one in (*role["Actions"], *role["DataActions"]))
    assert role["NotActions"] == role["NotDataActions"] == []
    google = load("gcp/exports-role.yaml")
    assert google["includedPermissions"] == ["storage.objects.get", "storage.objects.list"]


def test_a_scan_s_role_has_what_its_page_says_and_may_be_assumed_by_one_alone() -> None:
    from credits_pipeline_tests.deploy.files import resources

    role = resources("scans.yaml")["ScanRole"]["Properties"]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    page = (ROOT / "docs" / "optimization.md").read_text().partition("### What the role needs")[2]
    told = json.loads(page.partition("```json")[2].partition("```")[0])["Statement"][0]
    assert statement["Action"] == told["Action"]
    reads = ("Describe", "List", "Get")
    assert all(one.partition(":")[2].startswith(reads) for one in statement["Action"])
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": "Scanner"}


def named_variables() -> set[str]:
    """Every variable of the environment that a file in deploy/ names."""
    found = set()
    for path in DEPLOY.rglob("*"):
        if path.suffix in {".yaml", ".conf"} or path.name == "Dockerfile":
            text = path.read_text()
            found |= set(re.findall(r"\$\{([A-Z]+_[A-Z0-9_]+)", text))
            found |= set(re.findall(r"env: ([A-Z][A-Z0-9_]+)", text))
            found |= set(re.findall(r"\bName: ([A-Z][A-Z0-9]*_[A-Z0-9_]+)", text))
            found |= set(
                re.findall(r"^\s+(?:ENV )?([A-Z][A-Z0-9_]*[A-Z])[:=] ?", text, re.MULTILINE)
            )
    return found


def test_every_variable_is_one_that_somebody_reads() -> None:
    """Our variables, others', or named in a dagster.yaml, which reads it."""
    read = {variable.name for variable in (*VARIABLES, *WING, *DOOR)} | OTHERS
    for name in INSTANCES:
        read |= set(re.findall(r"env: (\w+)", (DEPLOY / name).read_text()))
    found = named_variables()
    assert {"DAGSTER_PG_PASSWORD", "CREDITS_BUCKET", "DAGSTER_HOME"} <= found
    assert found - read == set()


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_file_says_at_its_head_what_was_not_run(path: Path) -> None:
    head = path.read_text().split("\n\n")[0]
    if path.name == "workspace.yaml":
        assert yaml.safe_load(path.read_text())["load_from"]
    else:
        assert re.search(r"\b(?:test|tests|run|ran|started|installed|deployed)\b", head)


def test_on_ecs_the_password_stays_and_no_call_is_cut_short() -> None:
    """Tasks get the password when they start; Service Connect ends calls of a known protocol."""
    text = (DEPLOY / "aws" / "services.yaml").read_text()
    assert "ManageMasterUserPassword:" not in text
    assert "RotationSchedule" not in text
    assert "AppProtocol" not in text
    told = text.count('!Sub "${DatabasePassword}:password::"')
    assert told == text.count("Name: DAGSTER_PG_PASSWORD") == 4


def test_definitions_load_by_the_name_that_every_deployment_uses() -> None:
    from credits_pipeline import definitions

    assert isinstance(definitions.defs, dg.Definitions)
    assert "credits_pipeline.definitions" in image_command()
