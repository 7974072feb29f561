"""The error of a store contains no secret from the environment."""

import os
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.hidden import without_secrets
from credits_pipeline.finops.objects import ObjectsError, open_place

NAMES = (
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY",
    "DAGSTER_PG_PASSWORD",
    "AZURE_STORAGE_SAS_KEY", "AZURE_CLIENT_SECRET", "CLOUDZERO_API_KEY", "FINOPS_PROXY_SECRET",
    "FINOPS_DATABASE_URL",
)  # fmt: skip
SECRET = st.text(alphabet="abcXYZ019+/=%$&?#@: ü", min_size=8, max_size=40)


@given(st.sampled_from(NAMES), SECRET, st.sampled_from(["", "%", "whole"]))
def test_no_spelling_of_any_secret_is_shown(name: str, secret: str, spelled: str) -> None:
    told = {"": secret, "%": quote(secret), "whole": quote(secret, safe="")}[spelled]
    seen = without_secrets(f"could not ask: «{told}» was refused", {name: secret})
    assert secret not in seen
    assert told not in seen
    assert "refused" in seen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET http://ann:sesame9@host/x", "GET http://…@host/x"),
        ("postgresql+psycopg://u:p4ssw0rd@db/finops", "postgresql+psycopg://…@db/finops"),
        ("/c?comp=list&sig=abcdef%3D&se=1", "/c?comp=list&sig=…&se=1"),
        ("/b?X-Amz-Security-Token=FwoG&x=1", "/b?X-Amz-Security-Token=…&x=1"),
        ("s3://bucket/ann@example.com/2026-05.csv", "s3://bucket/ann@example.com/2026-05.csv"),
    ],
)
def test_a_password_or_a_signature_in_an_address_goes_and_the_rest_stays(
    text: str, shown: str
) -> None:
    assert without_secrets(text, {"AWS_PROFILE": "bucket", "KEY_FILE": "/etc/key"}) == shown


def test_a_store_that_repeats_its_address_shows_no_signature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Message>for {self.path}</Message></Error>".encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
            monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "?sv=2021&sig=open%3Dsesame%2F9&se=2030")
            monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
            with pytest.raises(ObjectsError) as refused:
                list(open_place("az://bills").list())
        finally:
            server.shutdown()
    told = "".join(traceback.format_exception(refused.value))
    assert "not allowed to list az://bills" in told
    assert "comp=list" in told
    assert "sesame" not in told


def test_a_missing_database_is_reported_without_its_password() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "credits_pipeline.cli", "sources", "list"],
        env={**os.environ, "FINOPS_DATABASE_URL": "postgresql://u:open-sesame-9@127.0.0.1:9/d"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "open-sesame" not in done.stdout + done.stderr
