"""Others' texts in an answer, an object or a bill, and what the event log shows of them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from xml.sax.saxutils import escape

import dagster as dg
import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline_tests.credits.assets.conftest import Pipeline, pipeline
from credits_pipeline_tests.text.hostile import TEXTS
from credits_pipeline_tests.text.layout import acting
from credits_pipeline_tests.text.test_gate import unseen

__all__ = ["pipeline"]
GOOD = b"047210934418,$150000.00\n"
#: All of them at once, as XML and HTTP can transport them.
WORDS = " ".join(text[:300] for text in TEXTS.values()).encode("utf-8", "replace").decode()
IN_XML = "".join(c for c in WORDS if c >= " " and c not in "\ufffe\uffff") + "\x9b31m\u202e"


class Answering:
    """An HTTP server that refuses everything, in somebody else's words."""

    def __init__(self) -> None:
        self.status, self.body, self.kind, self.asked = 403, b"", "application/xml", 0
        answering = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                answering.asked += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                # An object's metadata can be read; its content is refused.
                head = self.command == "HEAD"
                self.send_response(200 if head else answering.status)
                self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
                self.send_header("Last-Modified", "Fri, 03 Jan 2025 00:00:00 GMT")
                self.send_header("x-amz-version-id", "v1")
                self.send_header("Content-Type", answering.kind)
                self.send_header("Content-Length", str(len(answering.body)))
                self.end_headers()
                if not head:
                    self.wfile.write(answering.body)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815 - their names

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def answering() -> Iterator[Answering]:
    found = Answering()
    thread = Thread(target=found.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def texts(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """Every text in a run's event log that a person sees."""
    for entry in instance.all_logs(run_id):
        yield entry.user_message
        yield entry.message
        if entry.error_info is not None:
            yield from _of_error(entry.error_info)
        event = entry.dagster_event
        if event is None:
            continue
        yield event.message or ""
        data: Any = event.event_specific_data
        for error in (
            getattr(data, "error", None),
            getattr(data, "first_step_failure_event", None),
        ):
            if hasattr(error, "to_string"):
                yield from _of_error(error)
        failure = getattr(data, "user_failure_data", None)
        if failure is not None:
            yield failure.description or ""
            assert acting(failure.description or "") == []


def _of_error(error: Any) -> Iterator[str]:
    yield error.message
    yield from error.stack
    for next_one in (error.cause, error.context):
        if next_one is not None:
            yield from _of_error(next_one)


def assert_shown(pipeline: Pipeline, result: dg.ExecuteInProcessResult, *words: str) -> None:
    found = list(texts(pipeline.instance, result.run_id))
    assert [line for text in found for line in unseen(text)] == []
    for word in words:
        assert any(word in text for text in found), word


def test_what_s3_answers_is_shown_and_does_not_act(
    pipeline: Pipeline, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(GOOD)
    said = f"<Error><Code>AccessDenied</Code><Message>{escape(IN_XML)}</Message></Error>"
    answering.body = said.encode()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", answering.url)
    aws.forget_clients()
    result = pipeline.run()
    aws.forget_clients()
    assert not result.success
    assert answering.asked
    assert_shown(pipeline, result, "AccessDenied")


def test_what_cloudzero_answers_is_shown_and_does_not_act(
    pipeline: Pipeline, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(GOOD)
    answering.status, answering.kind, answering.body = 400, "text/plain", WORDS.encode()
    monkeypatch.setenv("CLOUDZERO_BASE_URL", answering.url)
    result = pipeline.run()
    assert not result.success
    assert_shown(pipeline, result, "evil.example")


def test_what_a_file_says_is_shown_and_does_not_act(pipeline: Pipeline) -> None:
    rows = "".join(f'"{text[:300]}","$1.00"\n'.replace("\0", "") for text in TEXTS.values())
    pipeline.upload(GOOD + rows.encode("utf-8", "replace"))
    assert_shown(pipeline, pipeline.run())


def test_an_error_with_its_cause_is_shown_and_does_not_act(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(Exception):  # noqa: N818 - what a library would raise
        pass

    def fails(*_: Any, **__: Any) -> Any:
        raise Odd(WORDS) from OSError(5, WORDS, WORDS[:200])

    monkeypatch.setattr("credits_pipeline.credits.inbox.bucket.Inbox.read_current", fails)
    result = pipeline.run(only=["raw_credits_csv"])
    assert not result.success
    assert_shown(pipeline, result, "Odd", "OSError")


def test_every_step_and_sensor_has_the_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path))
    repository = build_definitions(schedule=Schedule()).get_repository_def()
    open_ones = {
        node.name
        for job in repository.get_all_jobs()
        for node in job.all_node_defs
        if isinstance(node, dg.OpDefinition)
        and not hasattr(getattr(node.compute_fn, "decorated_fn", node.compute_fn), "__gated__")
    }
    assert open_ones == set()
    assert len(list(repository.get_all_jobs())) > 5
    # The third kind is Dagster's own, and reads nothing but its own events.
    sensors = {
        one.name
        for one in repository.sensor_defs
        if not isinstance(one, dg.AutomationConditionSensorDefinition)
        and not hasattr(getattr(one, "_run_status_sensor_fn", one._raw_fn), "__gated__")
    }
    assert sensors == set()
