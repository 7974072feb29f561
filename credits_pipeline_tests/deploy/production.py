"""The services of docker-compose.yaml as processes of this machine, without containers.

Commands, dagster.yaml, workspace.yaml and nginx.conf are the shipped ones; only addresses, ports
and folders differ.
"""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.servers import Sandbox, clean_environment
from credits_pipeline_tests.deploy.files import DEPLOY, compose, image_command
from credits_pipeline_tests.postgres import PASSWORD, USER, PostgresServer, program
from credits_pipeline_tests.waiting import eventually

#: Who may start runs, and who may only look. Each password is the name, twice.
EDITOR, VIEWER = "erin", "vic"
#: Another person, whose name differs from the editor's only in case.
NAMESAKE = "Erin"
#: Each person's groups, as the proxy gives them.
GROUPS = {EDITOR: "finance,everyone", VIEWER: "search-leads"}
LOGS_BUCKET = "production-storage"
STORAGE = f"s3://{LOGS_BUCKET}/credits"
WING = f"s3://{LOGS_BUCKET}/finops"
DOOR = "what the proxy alone knows"
#: The pages' host name; the proxy recognizes it by its beginning.
PAGES_HOST = "spend.localhost"
_NGINX = "/usr/sbin/nginx"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - what containers listen at, to be replaced


def why_no_nginx() -> str | None:
    """Why nginx can't run here, or None."""
    found = (shutil.which("nginx") or Path(_NGINX).exists()) and shutil.which("openssl")
    return None if found else "nginx or openssl is not installed"


@dataclass
class Production:
    """Running services.

    Attributes:
        home: DAGSTER_HOME of all of them.
        logs: a file of output for each service.
        ports: of each service that listens.
        environments: of each service of Dagster.
    """

    home: Path
    logs: Path
    ports: dict[str, int]
    environments: dict[str, Mapping[str, str]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, service: str) -> str:
        """The URL of a service that speaks HTTP."""
        scheme = "https" if service == "nginx" else "http"
        return f"{scheme}://127.0.0.1:{self.ports[service]}"

    def graphql(self, service: str, query: str, **variables: Any) -> Any:
        """Request something from a webserver, without the proxy."""
        answer = httpx.post(
            f"{self.url(service)}/graphql",
            json={"query": query, "variables": variables},
            timeout=60,
            trust_env=False,
        )
        told = answer.raise_for_status().json()
        assert "errors" not in told, told
        return told["data"]

    def start(self, service: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Start one service."""
        with (self.logs / f"{service}.log").open("ab") as log:
            self.processes[service] = subprocess.Popen(
                command,
                cwd=self.logs,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, service: str) -> None:
        """End one service and everything that it started."""
        process = self.processes.pop(service)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)

    def log(self, service: str) -> str:
        """What a service has printed."""
        return (self.logs / f"{service}.log").read_text(errors="replace")

    def location(self, service: str) -> Any:
        """Whether a webserver says that it has loaded the code location."""
        query = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
            locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
        try:
            (entry,) = self.graphql(service, query)["workspaceOrError"]["locationEntries"]
        except (httpx.HTTPError, ValueError):
            assert self.processes[service].poll() is None, self.log(service)
            return None
        if entry["loadStatus"] != "LOADED" or entry["locationOrLoadError"] is None:
            return None
        loaded = entry["locationOrLoadError"]["__typename"]
        return loaded == "RepositoryLocation" or None


def command(
    running: Production, *words: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """`credits-pipeline` as a person runs it inside the code server's container."""
    return subprocess.run(
        [sys.executable, "-m", "credits_pipeline.cli", *words],
        env=running.environments["code"],
        check=check,
        capture_output=True,
        text=True,
    )


def here(command: list[str], home: Path, listens: int | None) -> list[str]:
    """A container's command, for this machine."""
    bin_ = Path(sys.executable).parent
    told = [
        word.replace("/opt/dagster", str(home)).replace(_EVERYWHERE, "127.0.0.1")
        for word in command
    ]
    if listens is not None:
        told = [re.sub(r"\b(?:[34]000|8501)\b", str(listens), word) for word in told]
    return [str(bin_ / told[0]), *told[1:]]


def _openssl(*words: str) -> str:
    program = shutil.which("openssl") or "openssl"
    done = subprocess.run([program, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def shipped_home(home: Path, *, code_port: int) -> None:
    """The image's DAGSTER_HOME, with the code server on this machine."""
    home.mkdir(parents=True)
    shutil.copy(DEPLOY / "dagster" / "dagster.yaml", home)
    workspace = yaml.safe_load((DEPLOY / "dagster" / "workspace.yaml").read_text())
    workspace["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": code_port}
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace))


def decisions_database(postgres: PostgresServer, dagster: str) -> str:
    """The address of the database for decisions, made by the shipped script.

    Args:
        postgres: the server.
        dagster: the database of Dagster there.
    """
    make_decisions(postgres, dagster)
    return f"postgresql+psycopg2://finops:{PASSWORD}@127.0.0.1:{postgres.port}/finops"


def make_decisions(postgres: PostgresServer, dagster: str) -> None:
    """Run the shipped script, as PostgreSQL's image does."""
    reached = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGPASSWORD": PASSWORD}
    subprocess.run(
        ["/bin/sh", str(DEPLOY / "postgres" / "decisions.sh")],
        check=True,
        env={
            "PATH": f"{Path(program('psql') or '').parent}:{os.environ['PATH']}",
            "FINOPS_PG_PASSWORD": PASSWORD,
            "POSTGRES_USER": USER,
            "POSTGRES_DB": dagster,
            **reached,
        },
    )


@contextmanager
def production(
    folder: Path, postgres: PostgresServer, servers: Sandbox, **settings: str
) -> Iterator[Production]:
    """Run the services of docker-compose.yaml until the block ends.

    Args:
        folder: empty; for DAGSTER_HOME and what is printed.
        postgres: the database's server.
        servers: S3 and CloudZero.
        settings: of the code server, besides.
    """
    services = compose()
    ports = {name: free_port() for name in ("code", "webserver", "viewer", "nginx", "pages")}
    running = Production(folder / "home", folder / "logs", ports)
    running.logs.mkdir(parents=True)
    shipped_home(running.home, code_port=ports["code"])
    aws = {name: value for name, value in servers.environment.items() if name.startswith("AWS_")}
    values = {
        "DAGSTER_PG_HOST": "127.0.0.1",
        "DAGSTER_PG_PORT": str(postgres.port),
        "DAGSTER_PG_USERNAME": USER,
        "DAGSTER_PG_PASSWORD": PASSWORD,
        "DAGSTER_PG_DB": postgres.create_database(),
        "DAGSTER_LOGS_BUCKET": LOGS_BUCKET,
        "AWS_SESSION_TOKEN": "",
        **aws,
    }
    wing = {
        "FINOPS_STORAGE": WING,
        "FINOPS_DATABASE_URL": decisions_database(postgres, values["DAGSTER_PG_DB"]),
        "FINOPS_TAGS": "team,product,environment",
    }
    values |= wing | {
        "FINOPS_PROXY_SECRET": DOOR,
        "FINOPS_ROLES": "finance=approver,search-leads=viewer",
        "FINOPS_TEAMS": "search-leads=search",
        "FINOPS_FISCAL_YEAR": "1",
        "FINOPS_PAGES_URL": f"https://{PAGES_HOST}",
        "FINOPS_DAGSTER_URL": f"http://127.0.0.1:{ports['webserver']}",
        "CREDITS_STORAGE": STORAGE,
        "CREDITS_UI_URL": "",
        "XDG_CACHE_HOME": str(folder / "work"),
    }

    def environment(service: str) -> dict[str, str]:
        told = {name: values[name] for name in services[service]["environment"]}
        # The image's own, and where S3 is on this machine.
        told |= {"DAGSTER_HOME": str(running.home), "TMPDIR": str(folder)}
        return clean_environment(**{**aws, **told})

    with ExitStack() as stack:

        def begin(service: str, command: list[str], added: Mapping[str, str]) -> None:
            running.environments[service] = {**environment(service), **added}
            running.start(service, command, running.environments[service])
            stack.callback(running.stop, service)

        code = here(image_command(), running.home, ports["code"])
        begin("code", code, {**servers.environment, "CREDITS_STORAGE": STORAGE, **wing, **settings})
        for service in ("webserver", "viewer", "daemon", "pages"):
            command = here(services[service]["command"], running.home, ports.get(service))
            begin(service, command, {})
        for service in ("webserver", "viewer"):
            eventually(lambda: running.location(service), f"{service} did not load")  # noqa: B023 - waited for at once
        yield running


@contextmanager
def proxy(folder: Path, running: Production) -> Iterator[ssl.SSLContext]:
    """Run nginx with the shipped nginx.conf in front of the webservers; yields its clients' TLS."""
    private = folder / "private"
    private.mkdir()
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-keyout", str(private / "tls.key"), "-out", str(private / "tls.crt")),
        *("-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{PAGES_HOST}"),
    )
    hashed = {user: _openssl("passwd", "-6", user * 2) for user in (EDITOR, VIEWER, NAMESAKE)}
    (private / "passwords").write_text("".join(f"{u}:{h}\n" for u, h in hashed.items()))
    (private / "editors.conf").write_text(f"{EDITOR} {EDITOR};\n")
    groups = "".join(f'{user} "{user}={of}";\n' for user, of in GROUPS.items())
    (private / "groups.conf").write_text(groups)
    (private / "door.conf").write_text(f'proxy_set_header X-Finops-Door "{DOOR}";\n')
    # nginx's workers give up root's rights, and read the passwords with each request.
    folder.chmod(0o755)
    private.chmod(0o755)
    (private / "passwords").chmod(0o644)
    shipped = (DEPLOY / "nginx" / "nginx.conf").read_text()
    here = (
        shipped.replace("listen 443", f"listen 127.0.0.1:{running.ports['nginx']}")
        .replace("http://viewer:3000", running.url("viewer"))
        .replace("http://webserver:3000", running.url("webserver"))
        .replace("http://pages:8501", running.url("pages"))
        .replace("pid /tmp/nginx.pid", f"pid {folder}/nginx.pid")
    )
    for path in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        here = here.replace("http {\n", f"http {{\n  {path}_temp_path {folder}/{path};\n", 1)
    (folder / "nginx.conf").write_text(here)
    program = shutil.which("nginx") or _NGINX
    running.start(
        "nginx",
        [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
        {"PATH": os.environ["PATH"]},
    )
    try:
        trusted = ssl.create_default_context(cafile=str(private / "tls.crt"))

        def answers() -> bool:
            assert running.processes["nginx"].poll() is None, running.log("nginx")
            try:
                return httpx.get(running.url("nginx"), verify=trusted, trust_env=False) is not None
            except httpx.HTTPError:
                return False

        eventually(answers, "nginx did not answer")
        yield trusted
    finally:
        running.stop("nginx")
