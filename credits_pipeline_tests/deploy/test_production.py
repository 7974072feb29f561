"""The services of docker-compose.yaml running, on PostgreSQL and S3, with nginx before both UIs."""

import asyncio
import json
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.starting import launch
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.servers import API_KEY, Sandbox, sandbox, upload
from credits_pipeline_tests.deploy.files import compose
from credits_pipeline_tests.deploy.pages_client import Screen, basic, ended, look
from credits_pipeline_tests.deploy.production import (
    DOOR,
    EDITOR,
    LOGS_BUCKET,
    NAMESAKE,
    PAGES_HOST,
    STORAGE,
    VIEWER,
    Production,
    command,
    here,
    make_decisions,
    production,
    proxy,
    why_no_nginx,
)
from credits_pipeline_tests.finops.bills import charge, csv_text
from credits_pipeline_tests.postgres import PASSWORD, PostgresServer
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

JANUARY = BillingMonth(2025, 1)
BILLS_BUCKET = "somebodys-bills"
#: Of two teams; a person may be restricted to one.
BILL = (
    charge(BilledCost="1000.5", EffectiveCost="1000.5", Tags='{"team": "search"}'),
    charge(BilledCost="234.25", EffectiveCost="234.25", Tags='{"team": "billing"}'),
)
VERSION = "{ version }"
MAY_START = "{ permissions { permission value } }"
RELOAD = (
    """mutation { reloadRepositoryLocation(repositoryLocationName: "nowhere") { __typename } }"""
)


@dataclass(frozen=True)
class Live:
    """The running services."""

    services: Production
    servers: Sandbox

    @property
    def s3(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.servers.s3_url,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("production")
    with sandbox() as servers:
        made = Live(Production(folder, folder, {}), servers)
        made.s3.create_bucket(Bucket=LOGS_BUCKET)
        made.s3.create_bucket(Bucket=BILLS_BUCKET)
        with production(folder, postgres, servers, CREDITS_SENSOR_SECONDS="1") as services:
            yield Live(services, servers)


@pytest.fixture(scope="module")
def trusted(live: Live) -> Iterator[ssl.SSLContext]:
    why_not = why_no_nginx()
    if why_not:
        pytest.skip(why_not)
    # nginx's workers run as nobody, who can't read pytest's own folders.
    with (
        tempfile.TemporaryDirectory(prefix="nginx-") as folder,
        proxy(Path(folder), live.services) as context,
    ):
        yield context


@pytest.fixture
def journal(live: Live, monkeypatch: pytest.MonkeyPatch) -> Journal:
    for name, value in live.servers.environment.items():
        monkeypatch.setenv(name, value)
    aws.s3_client.cache_clear()
    return Journal(open_store(STORAGE))


def test_a_file_becomes_a_verified_drop(live: Live, journal: Journal) -> None:
    upload(live.servers, f"credits-{JANUARY}.csv", SAMPLE)
    found: list[Attempt] = []

    def receipted() -> bool:
        receipt = journal.receipt(JANUARY)
        found.extend([receipt] if receipt else [])
        return bool(found)

    eventually(receipted, "no receipt\n" + live.services.log("code")[-3000:])
    assert found[0].verdict is Verdict.VERIFIED
    assert found[0].total_credit_usd == "202487.80"


@pytest.mark.parametrize("service", ["code", "daemon", "webserver", "viewer", "pages"])
def test_every_service_is_healthy_by_its_own_check(live: Live, service: str) -> None:
    _, *check = compose()[service]["healthcheck"]["test"]
    port = live.services.ports.get(service)
    environment = live.services.environments[service]
    told: list[str] = []

    def healthy() -> bool:
        done = subprocess.run(
            here(check, live.services.home, port),
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        told.append(done.stdout + done.stderr)
        return done.returncode == 0

    eventually(healthy, f"not healthy: {told[-1:]}")


def test_what_runs_print_is_in_the_bucket(live: Live, journal: Journal) -> None:
    def printed() -> list[str]:
        answer = live.s3.list_objects_v2(Bucket=LOGS_BUCKET, Prefix="dagster-logs/")
        return [found["Key"] for found in answer.get("Contents", [])]

    eventually(printed, "no compute logs")
    for key in printed():
        body = live.s3.get_object(Bucket=LOGS_BUCKET, Key=key)["Body"].read()
        assert API_KEY.encode() not in body


def test_nothing_but_empty_folders_is_written_where_the_image_is_read_only(
    live: Live, journal: Journal
) -> None:
    eventually(lambda: journal.receipt(JANUARY), "no receipt")
    files = {path.name for path in live.services.home.rglob("*") if path.is_file()}
    assert files == {"dagster.yaml", "workspace.yaml"}


def ask(
    live: Live,
    trusted: ssl.SSLContext,
    query: str,
    user: str | None = EDITOR,
    **headers: str,
) -> httpx.Response:
    """Send a request through the proxy, as the UI does in a browser."""
    return httpx.post(
        f"{live.services.url('nginx')}/graphql",
        json={"query": query},
        auth=None if user is None else (user, user * 2),
        headers=headers,
        verify=trusted,
        trust_env=False,
        timeout=60,
    )


@pytest.mark.parametrize("path", ["/", "/server_info", "/logs/x/y", "/download_debug/x"])
def test_without_a_password_nothing_answers(live: Live, trusted: ssl.SSLContext, path: str) -> None:
    for auth in (None, (EDITOR, "wrong"), ("nobody", "nobodynobody"), (EDITOR, "")):
        answer = httpx.get(
            live.services.url("nginx") + path, auth=auth, verify=trusted, trust_env=False
        )
        assert answer.status_code == httpx.codes.UNAUTHORIZED, auth
        assert b"dagster" not in answer.content.lower()


def test_without_a_password_the_api_does_not_answer(live: Live, trusted: ssl.SSLContext) -> None:
    assert ask(live, trusted, VERSION, user=None).status_code == httpx.codes.UNAUTHORIZED


def test_the_ui_and_its_api_answer_with_a_password(live: Live, trusted: ssl.SSLContext) -> None:
    for user in (EDITOR, VIEWER):
        page = httpx.get(
            f"{live.services.url('nginx')}/locations",
            auth=(user, user * 2),
            verify=trusted,
            trust_env=False,
        )
        assert page.status_code == httpx.codes.OK
        assert "/_next/static/" in page.text
        assert ask(live, trusted, VERSION, user).json()["data"]["version"]


def test_only_editors_may_start_anything(live: Live, trusted: ssl.SSLContext) -> None:
    may = {}
    for user in (EDITOR, VIEWER):
        told = ask(live, trusted, MAY_START, user).json()["data"]["permissions"]
        may[user] = {found["permission"] for found in told if found["value"]}
    assert may[VIEWER] == set()
    assert {"launch_pipeline_execution", "launch_partition_backfill"} <= may[EDITOR]
    assert ask(live, trusted, RELOAD, EDITOR).json()["data"]["reloadRepositoryLocation"] == {
        "__typename": "RepositoryLocationNotFound"
    }
    refused = ask(live, trusted, RELOAD, VIEWER).json()["data"]["reloadRepositoryLocation"]
    assert refused == {"__typename": "UnauthorizedError"}


def test_a_name_in_another_case_is_another_person(live: Live, trusted: ssl.SSLContext) -> None:
    told = ask(live, trusted, MAY_START, NAMESAKE).json()["data"]["permissions"]
    assert {found["permission"] for found in told if found["value"]} == set()
    refused = ask(live, trusted, RELOAD, NAMESAKE).json()["data"]["reloadRepositoryLocation"]
    assert refused == {"__typename": "UnauthorizedError"}


def test_wrong_passwords_are_slowed_down_also_in_parallel_and_right_ones_are_not(
    live: Live, trusted: ssl.SSLContext
) -> None:
    import time
    from concurrent.futures import ThreadPoolExecutor

    def guess(number: int) -> int:
        return httpx.get(
            f"{live.services.url('nginx')}/server_info",
            auth=(EDITOR, f"guess {number}"),
            verify=trusted,
            trust_env=False,
            timeout=60,
        ).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(guess, range(10)))
    took = time.monotonic() - began
    assert set(answers) == {httpx.codes.UNAUTHORIZED}
    assert took > 4
    began = time.monotonic()
    for _ in range(10):
        assert ask(live, trusted, VERSION).status_code == httpx.codes.OK
    assert time.monotonic() - began < took


def test_a_viewer_can_report_no_materialisation(live: Live, trusted: ssl.SSLContext) -> None:
    for path in ("/report_asset_materialization/cloudzero_drop", "/report_asset_check/credits"):
        for user in (EDITOR, VIEWER):
            answer = httpx.post(
                live.services.url("nginx") + path,
                auth=(user, user * 2),
                verify=trusted,
                trust_env=False,
            )
            assert answer.status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
        ("GET", {}),
        ("POST", {"origin": "https://elsewhere.example"}),
        ("POST", {"content-type": "text/plain"}),
        ("POST", {"content-type": "application/x-www-form-urlencoded", "origin": "null"}),
        ("POST", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}),
    ],
)
def test_another_site_can_ask_for_nothing_with_an_editor_s_password(
    live: Live, trusted: ssl.SSLContext, method: str, headers: dict[str, str]
) -> None:
    """An image, a form or a link on another site: the browser adds the password by itself."""
    answer = httpx.request(
        method,
        f"{live.services.url('nginx')}/graphql",
        params={"query": RELOAD},
        auth=(EDITOR, EDITOR * 2),
        headers={"content-type": "application/json", **headers},
        verify=trusted,
        trust_env=False,
    )
    assert answer.status_code == httpx.codes.FORBIDDEN


def test_the_webserver_alone_takes_a_mutation_from_a_url(live: Live) -> None:
    """Why the proxy checks where a request comes from."""
    answer = httpx.get(
        f"{live.services.url('webserver')}/graphql", params={"query": RELOAD}, trust_env=False
    )
    assert answer.json()["data"]["reloadRepositoryLocation"] == {
        "__typename": "RepositoryLocationNotFound"
    }


def test_a_link_of_another_site_opens_the_ui(live: Live, trusted: ssl.SSLContext) -> None:
    answer = httpx.get(
        f"{live.services.url('nginx')}/runs/8c1f",
        auth=(VIEWER, VIEWER * 2),
        headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        verify=trusted,
        trust_env=False,
    )
    assert answer.status_code == httpx.codes.OK


def subscribed(live: Live, trusted: ssl.SSLContext, origin: str, user: str | None) -> Any:
    """The first answer of a subscription through the proxy."""

    async def first() -> Any:
        async with connect(
            live.services.url("nginx").replace("https://", "wss://") + "/graphql",
            ssl=trusted,
            origin=origin,  # type: ignore[arg-type] # its own kind of text
            subprotocols=["graphql-ws"],  # type: ignore[list-item] # as above
            additional_headers={} if user is None else {"Authorization": basic(user)},
            proxy=None,
            open_timeout=60,
        ) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {}}))
            return json.loads(await asyncio.wait_for(socket.recv(), 60))

    return ended(first())


def test_subscriptions_pass(live: Live, trusted: ssl.SSLContext) -> None:
    own = live.services.url("nginx")
    for user in (EDITOR, VIEWER):
        assert subscribed(live, trusted, own, user)["type"] == "connection_ack"


@pytest.mark.parametrize(
    ("origin", "user", "status"), [("https://elsewhere.example", EDITOR, 403), ("", None, 401)]
)
def test_a_subscription_of_a_stranger_is_refused(
    live: Live, trusted: ssl.SSLContext, origin: str, user: str | None, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        subscribed(live, trusted, origin or live.services.url("nginx"), user)
    assert refused.value.response.status_code == status


# --- The pages about spend, behind the same proxy


@pytest.fixture(scope="module")
def billed(live: Live) -> str:
    """A bill: the pages' button started its reading, and the run published it."""
    live.s3.put_object(Bucket=BILLS_BUCKET, Key="shop/2026-05.csv", Body=csv_text(BILL).encode())
    place = f"s3://{BILLS_BUCKET}/shop"
    command(live.services, "sources", "add", "shop", "--provider", "focus", "--location", place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "FINOPS_DAGSTER_URL", live.services.environments["pages"]["FINOPS_DAGSTER_URL"]
        )
        run = launch("shop", BillingMonth(2026, 5), Person(EDITOR, Role.EDITOR))

    ended = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"

    def status() -> str:
        told = live.services.graphql("webserver", ended, id=run)["runOrError"]["status"]
        return "" if told in {"QUEUED", "NOT_STARTED", "STARTING", "STARTED"} else told

    told: list[str] = []
    eventually(lambda: told.append(status()) or told[-1], "the run did not end", 600)
    assert told[-1] == "SUCCESS"
    return "1,234.75"


def pages(live: Live) -> str:
    """The pages' address for people."""
    return f"https://{PAGES_HOST}:{live.services.ports['nginx']}"


def page(live: Live, trusted: ssl.SSLContext, user: str, **how: Any) -> Screen:
    """The page Spend as a person sees it through the proxy."""
    return look(pages(live), "spend", query="period=2026-05", user=user, ssl_context=trusted, **how)


def fetched(live: Live, trusted: ssl.SSLContext, path: str, **how: Any) -> httpx.Response:
    """What the pages answer through the proxy."""
    return httpx.get(
        live.services.url("nginx") + path,
        headers={"Host": f"{PAGES_HOST}:{live.services.ports['nginx']}", **how.pop("headers", {})},
        verify=trusted,
        trust_env=False,
        timeout=60,
        **how,
    )


def test_a_bill_is_read_by_dagster_and_seen_through_the_door(
    live: Live, trusted: ssl.SSLContext, billed: str
) -> None:
    seen = page(live, trusted, EDITOR)
    assert billed in seen.text
    assert "billing" in seen.text
    limited = page(live, trusted, VIEWER)
    assert "1,000.50" in limited.text
    assert billed not in limited.text
    assert "234.25" not in limited.text


def test_what_a_browser_says_of_itself_does_not_pass_the_door(
    live: Live, trusted: ssl.SSLContext, billed: str
) -> None:
    spoofed = {
        "X-Forwarded-Groups": "finance",
        "X-Forwarded-Email": EDITOR,
        "X-Forwarded-User": EDITOR,
        "X-Forwarded-Preferred-Username": EDITOR,
        "X_Forwarded_Groups": "finance",
        "X-Finops-Door": DOOR,
    }
    assert billed not in page(live, trusted, VIEWER, additional_headers=spoofed).text
    # A name in another case is another person, who has no group and so no role.
    assert "has no role here" in page(live, trusted, NAMESAKE, additional_headers=spoofed).text


def test_without_the_proxy_s_secret_nobody_gets_in(live: Live, billed: str) -> None:
    direct = live.services.url("pages")
    spoofed = {"X-Forwarded-Groups": "finance", "X-Forwarded-User": EDITOR}
    for headers in ({}, spoofed, spoofed | {"X-Finops-Door": "guessed"}):
        with pytest.raises(InvalidStatus) as refused:
            look(direct, "spend", query="period=2026-05", additional_headers=headers)
        assert refused.value.response.status_code == httpx.codes.FORBIDDEN
        for path in ("/spend", "/_stcore/host-config", "/media/a.csv"):
            told = httpx.get(f"{direct}{path}", headers=headers)
            assert told.status_code == httpx.codes.FORBIDDEN
            assert "did not come through the proxy" in told.text
            assert billed not in told.text
    assert httpx.get(f"{direct}/healthz").text == "ok"


def test_the_pages_ask_for_a_password_and_answer_no_other_site(
    live: Live, trusted: ssl.SSLContext
) -> None:
    assert fetched(live, trusted, "/spend").status_code == httpx.codes.UNAUTHORIZED
    auth = (EDITOR, EDITOR * 2)
    assert fetched(live, trusted, "/spend", auth=auth).status_code == httpx.codes.OK
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ):
        answer = fetched(live, trusted, "/_stcore/health", auth=auth, headers=headers)
        assert answer.status_code == httpx.codes.FORBIDDEN, headers
    for origin in ("https://elsewhere.example", live.services.url("nginx"), None):
        with pytest.raises(InvalidStatus) as refused:
            page(live, trusted, EDITOR, origin=origin)
        assert refused.value.response.status_code == httpx.codes.FORBIDDEN


def test_scripts_are_sent_compressed_and_every_answer_says_what_a_browser_may_do(
    live: Live, trusted: ssl.SSLContext
) -> None:
    import re

    auth = (EDITOR, EDITOR * 2)
    start = fetched(live, trusted, "/", auth=auth)
    script = re.search(r'src="[./]*(static/js/[^"]+)"', start.text)
    assert script is not None
    answer = fetched(live, trusted, f"/{script[1]}", auth=auth)
    assert answer.headers["content-encoding"] == "gzip"
    assert "frame-ancestors 'none'" in start.headers["content-security-policy"]
    assert start.headers["strict-transport-security"]


def test_the_pages_know_no_key_and_their_database_is_their_own(
    live: Live, postgres: PostgresServer
) -> None:
    import psycopg2

    given = live.services.environments["pages"]
    assert not {name for name in given if name.startswith(("CLOUDZERO", "DAGSTER_PG"))}
    assert API_KEY not in "".join(given.values())
    dagster = live.services.environments["daemon"]["DAGSTER_PG_DB"]
    make_decisions(postgres, dagster)
    reached = {"host": "127.0.0.1", "port": postgres.port, "user": "finops", "password": PASSWORD}
    psycopg2.connect(dbname="finops", **reached).close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(dbname=dagster, **reached)
