"""What the shipped files protect: file systems, the load balancer's paths, a build's bases."""

import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import dagster_webserver
import pytest

from credits_pipeline_tests.deploy.files import DEPLOY, ROOT, compose, load, resources

BUILD = Path(dagster_webserver.__file__).parent / "webapp" / "build"
CLOSED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def test_with_compose_nothing_but_tmp_can_be_written_and_no_capability_is_kept() -> None:
    ours = [s for s in compose().values() if s["image"].startswith("credits-pipeline")]
    assert len(ours) == 5
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - of the container
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_on_ecs_nothing_but_tmp_can_be_written_and_no_capability_is_kept() -> None:
    tasks = [
        found["Properties"]
        for found in resources("services.yaml").values()
        if found["Type"] == "AWS::ECS::TaskDefinition"
    ]
    containers = [(task, one) for task in tasks for one in task["ContainerDefinitions"]]
    assert len(containers) == 6
    for task, container in containers:
        assert container["ReadonlyRootFilesystem"] is True
        assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert container["MountPoints"] == [{"SourceVolume": "tmp", "ContainerPath": "/tmp"}]  # noqa: S108 - as above
        assert task["Volumes"] == [{"Name": "tmp"}]
    assert 'VOLUME ["/tmp"]' in (DEPLOY / "Dockerfile").read_text()


def test_on_kubernetes_nothing_but_tmp_can_be_written_and_no_capability_is_kept() -> None:
    values = load("kubernetes/values.yaml")
    pods = [
        *values["dagster-user-deployments"]["deployments"],
        values["dagsterWebserver"],
        values["dagsterDaemon"],
        values["runLauncher"]["config"]["k8sRunLauncher"],
    ]
    for pod in pods:
        assert pod["securityContext"] == CLOSED
        assert pod["volumes"] == [{"name": "tmp", "emptyDir": {}}]
        assert pod["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - as above


def test_on_ecs_the_database_s_certificate_is_checked() -> None:
    for found in resources("services.yaml").values():
        if found["Type"] == "AWS::ECS::TaskDefinition":
            for container in found["Properties"]["ContainerDefinitions"]:
                if container["Image"] != "Image":
                    continue  # oauth2-proxy, which reaches no database
                told = {one["Name"]: one["Value"] for one in container["Environment"]}
                assert told["PGSSLMODE"] == "verify-full"
                assert f"{told['PGSSLROOTCERT']}\n" in (DEPLOY / "Dockerfile").read_text()


# --- The load balancer: its rules, applied as AWS documents it


@cache
def rules() -> list[dict[str, Any]]:
    """The listener's rules, in order."""
    found = [
        one["Properties"]
        for one in resources("services.yaml").values()
        if one["Type"] == "AWS::ElasticLoadBalancingV2::ListenerRule"
    ]
    return sorted(found, key=lambda one: one["Priority"])


def listed(path: str, method: str, headers: dict[str, str]) -> str:
    """What the listener does with a request: the target group, or the status of its answer.

    Rules apply in order; all conditions of one must match; a path is compared as it was sent.
    """
    for rule in rules():
        if all(_holds(condition, path, method, headers) for condition in rule["Conditions"]):
            action = rule["Actions"][-1]
            fixed = action.get("FixedResponseConfig", {}).get("StatusCode")
            return str(fixed or action["TargetGroupArn"])
    return "403"


def _holds(one: dict[str, Any], path: str, method: str, headers: dict[str, str]) -> bool:
    match one["Field"]:
        case "host-header":
            return headers["Host"] in one["HostHeaderConfig"]["Values"]
        case "http-request-method":
            return method in one["HttpRequestMethodConfig"]["Values"]
        case "http-header":
            config = one["HttpHeaderConfig"]
            told = headers.get(config["HttpHeaderName"], "")
            return any(_like(value, told, re.IGNORECASE) for value in config["Values"])
        case "path-pattern":
            config = one["PathPatternConfig"]
            return any(_like(value, path) for value in config.get("Values", ())) or any(
                re.search(value, path) for value in config.get("RegexValues", ())
            )
    raise AssertionError(one)


def _like(pattern: str, text: str, flags: int = 0) -> bool:
    told = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(told, text, flags) is not None


EDITOR, VIEWER = {"Host": "Hostname"}, {"Host": "ViewerHostname"}
JSON = {"Content-Type": "application/json"}


def test_what_the_ui_asks_for_passes_on_ecs() -> None:
    files = [f"/{file.relative_to(BUILD)}" for file in BUILD.rglob("*") if file.is_file()]
    routes = {
        route
        for script in BUILD.rglob("*.js")
        for route in re.findall(r'path:"(/[a-z_-]*)', script.read_text(errors="replace"))
    }
    assert len(files) > 50
    assert {"/runs", "/assets", "/overview"} <= routes
    skipped = {"index.html", "404.html", "csp-header.txt"}
    paths = [file for file in files if Path(file).name not in skipped]
    paths += [route for route in routes if not route.startswith("/_next/image")]
    paths += ["/locations/credits_pipeline@x/asset-groups/credits/lineage", "/logs/run/step.out"]
    for path in paths:
        assert listed(path, "GET", EDITOR) == "Editors", path
        assert listed(path, "GET", VIEWER) == "Viewers", path
    assert listed("/graphql", "POST", EDITOR | JSON) == "Editors"
    own = {"Upgrade": "websocket", "Origin": "https://Hostname"}
    socket = EDITOR | {
        name: value.replace("Hostname", "${Hostname}") for name, value in own.items()
    }
    assert listed("/graphql", "GET", socket) == "Editors"


def test_the_pages_have_a_name_of_their_own_and_stand_behind_oauth2_proxy_on_ecs() -> None:
    assert listed("/spend", "GET", {"Host": "PagesHostname"}) == "PagesTarget"
    for host in ({"Host": "spend.evil.example"}, {"Host": ""}):
        assert listed("/spend", "GET", host) == "403"
    found = resources("services.yaml")
    pages, door = found["Pages"]["Properties"]["ContainerDefinitions"]
    assert "--host=127.0.0.1" in pages["Command"]
    assert "PortMappings" not in pages
    assert "--upstream=http://127.0.0.1:8501/" in door["Command"]
    (balancer,) = found["PagesService"]["Properties"]["LoadBalancers"]
    assert (balancer["ContainerName"], balancer["ContainerPort"]) == ("door", 4180)
    # The secret by which the pages recognize the proxy is the password that the proxy sends.
    secrets = {one["Name"]: one["ValueFrom"] for one in door["Secrets"]}
    known = {one["Name"]: one["ValueFrom"] for one in pages["Secrets"] if isinstance(one, dict)}
    assert secrets["OAUTH2_PROXY_BASIC_AUTH_PASSWORD"] == known["FINOPS_PROXY_SECRET"]
    assert "--pass-basic-auth=true" in door["Command"]


SPELLINGS = [
    "".join(letters)
    for letters in product(*([letter, f"%{ord(letter):02x}"] for letter in "/graphql"))
]


@pytest.mark.parametrize("host", [EDITOR, VIEWER])
def test_no_spelling_of_the_api_and_nothing_unlisted_passes_on_ecs(host: dict[str, str]) -> None:
    spelled = ["/graphql", *SPELLINGS, "//graphql", "/graphql/", "/x/../graphql", "/%2567raphql"]
    for path in [
        *spelled,
        "/report_asset_check/x",
        "/%72eport_asset_check/x",
        "/notebook",
        "/.env",
    ]:
        for method in ("GET", "HEAD", "POST", "PUT"):
            headers = host | {"Content-Type": "text/plain"}
            assert listed(path, method, headers) == "403", (method, path)
    for path in spelled[2:]:
        assert listed(path, "POST", host | JSON) == "403", path
    assert listed("/", "GET", {"Host": "evil.example"}) == "403"
    foreign = host | {"Upgrade": "websocket", "Origin": "https://evil.example"}
    assert listed("/graphql", "GET", foreign) == "403"


# --- Pins: the script with stand-ins for docker, git and curl


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the script reads and writes, and programs that replace the network."""
    here = tmp_path / "clone"
    for name in ("deploy/pins.sh", "deploy/Dockerfile", "deploy/docker-compose.yaml"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, here / name)
    (here / ".github/workflows").mkdir(parents=True)
    shutil.copy(ROOT / ".github/workflows/ci.yml", here / ".github/workflows/ci.yml")
    programs = tmp_path / "bin"
    programs.mkdir()
    answers = {
        "docker": f"echo 'sha256:{'a' * 64}'",
        "git": f"printf '{'b' * 40}\\trefs/tags/x\\n'",
        "curl": "printf '%s' \"${BUNDLE-certificates}\"",
    }
    for name, answer in answers.items():
        (programs / name).write_text(f"#!/bin/sh\n{answer}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return here


def pins(clone: Path, word: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "deploy/pins.sh", word],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pins_are_taken_checked_and_given_to_the_build(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pins(clone, "check").returncode == 2
    taken = pins(clone, "take")
    assert taken.returncode == 0, taken.stderr
    certificates = hashlib.sha256(b"certificates").hexdigest()
    assert f"image python:3.12-slim sha256:{'a' * 64}" in taken.stdout
    assert f"action actions/checkout@v4 {'b' * 40}" in taken.stdout
    assert pins(clone, "build-args").stdout.split() == [
        "--build-arg", f"BASE=python:3.12-slim@sha256:{'a' * 64}",
        "--build-arg", f"RDS_SHA256={certificates}",
    ]  # fmt: skip
    assert pins(clone, "check").returncode == 0
    monkeypatch.setenv("BUNDLE", "another authority's certificates")
    changed = pins(clone, "check")
    assert changed.returncode == 1
    assert "changed since the pins were taken" in changed.stderr


@pytest.mark.parametrize(("program", "answer"), [("docker", "no such image"), ("git", "")])
def test_an_answer_that_is_not_a_digest_is_not_a_pin(
    clone: Path, program: str, answer: str
) -> None:
    stand_in = clone.parent / "bin" / program
    stand_in.write_text(f"#!/bin/sh\necho '{answer}'\n")
    assert pins(clone, "take").returncode != 0
    assert not (clone / "deploy/pins.env").exists()


def test_an_empty_bundle_is_not_a_pin(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE", "")
    assert pins(clone, "take").returncode != 0
    assert not (clone / "deploy/pins.env").exists()


def test_pins_are_written_where_compose_and_ci_name_a_tag_and_can_be_renewed(clone: Path) -> None:
    for _ in range(2):
        assert pins(clone, "take").returncode == 0
        applied = pins(clone, "apply")
        assert applied.returncode == 0, applied.stderr
        text = (clone / "deploy/docker-compose.yaml").read_text()
        for name in ("postgres:17", "nginx:1.28"):
            assert text.count(f"image: {name}@sha256:{'a' * 64}\n") == 1
        workflow = (clone / ".github/workflows/ci.yml").read_text()
        assert f"uses: actions/checkout@{'b' * 40} # v4\n" in workflow
        assert f"uses: actions/setup-python@{'b' * 40} # v5\n" in workflow


def test_the_build_takes_the_base_and_the_certificates_that_were_pinned() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert "--checksum=sha256:${RDS_SHA256} https://truststore.pki.rds.amazonaws.com" in text
