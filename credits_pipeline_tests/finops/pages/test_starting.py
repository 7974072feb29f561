"""The requests to Dagster, compared with its own schema and our own definitions."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from credits_pipeline.finops.assets import chargeback
from credits_pipeline.finops.assets.build import JOB
from credits_pipeline.finops.assets.partitions import MONTH, SOURCE, sources
from credits_pipeline.finops.pages import starting
from credits_pipeline_tests.finops.pages.conftest import Visit, shown


def test_what_is_asked_is_in_dagsters_schema() -> None:
    schema = create_schema().graphql_schema
    for text in (starting._LAUNCH, starting._ADD, starting._STATUS):
        assert validate(schema, parse(text)) == []


def test_the_names_are_those_of_the_code_location() -> None:
    assert starting.JOB == JOB
    assert starting.STATEMENTS == chargeback.STATEMENTS
    assert sources.name == starting.SOURCES
    assert (MONTH, SOURCE) == ("month", "source")


@pytest.fixture
def webserver(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A server that starts each run as Dagster's webserver does, and says how it is doing."""
    state = {"status": "STARTED"}

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
            data: dict[str, Any] = {"runOrError": {"__typename": "Run", **state}}
            if "launchRun" in asked:
                data = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r" * 36}}}
            body = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("FINOPS_DAGSTER_URL", f"http://127.0.0.1:{server.server_address[1]}")
        yield state
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("page", "button", "done"),
    [
        ("optimization", "Scan now", "The scan is done"),
        ("governance", "Evaluate now", "The policies were evaluated"),
        ("chargeback", "Make ZIP of all", "The documents are ready"),
    ],
)
def test_a_run_is_shown_as_soon_as_it_is_started_and_until_it_has_ended(
    visit: Visit, webserver: dict[str, str], page: str, button: str, done: str
) -> None:
    app = visit(page, "one cloud")
    next(one for one in app.button if one.label == button).click().run()
    assert any("run rrrrrrrr" in one.value for one in app.info), shown(app)
    webserver["status"] = "SUCCESS"
    app.run()
    assert any(done in one.value for one in app.success), shown(app)
