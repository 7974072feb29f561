"""A browser's requests for another site never reach a page; the UI's own requests do."""

from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.guard.rules import Asked, Rules, of_dagster, plain_path

HOST = "127.0.0.1:3000"
RULES = Rules.on_loopback(3000)
OWN = {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json"}


def refusal(method: str, path: str, headers: dict[str, str], query: str = "") -> str | None:
    asked = Asked(method, path, query, headers)
    return RULES.refusal(asked) or of_dagster(asked)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/graphql", OWN | JSON),
        ("POST", "/graphql", {"host": HOST, **JSON}),
        ("POST", "/graphql", OWN | {"content-type": "application/json; charset=utf-8"}),
        ("WEBSOCKET", "/graphql", OWN),
        ("GET", "/", {"host": HOST}),
        ("GET", "/assets/cloudzero_drop", {"host": "localhost:3000"}),
        ("GET", "/assets/with%20space", OWN),
        ("GET", "/_next/static/chunks/main.js", OWN),
        ("HEAD", "/server_info", {"host": "[::1]:3000"}),
    ],
)
def test_what_the_ui_and_commands_send_passes(
    method: str, path: str, headers: dict[str, str]
) -> None:
    assert refusal(method, path, headers) is None


def test_the_ui_may_name_its_question_in_the_url_and_ask_nothing_there() -> None:
    assert refusal("POST", "/graphql", OWN | JSON, "op=AssetViewDefinitionQuery") is None
    for query in ("op=x&query=mutation", "query=mutation", "op=x%26query=x", "op=x;query=x"):
        assert refusal("POST", "/graphql", OWN | JSON, query) is not None
    for method in ("GET", "HEAD"):
        assert refusal(method, "/graphql", OWN | JSON, "op=x") is not None


def test_a_link_of_another_site_opens_a_page_and_asks_the_api_for_nothing() -> None:
    link = {
        "host": HOST,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert refusal("GET", "/runs/8c1f", link) is None
    assert refusal("GET", "/graphql", link, "query=mutation") is not None
    assert refusal("GET", "/runs/8c1f", link | {"sec-fetch-dest": "iframe"}) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("headers", [OWN, {"host": HOST}, OWN | {"accept": "text/html"}])
def test_no_query_of_a_url_reaches_the_api(method: str, headers: dict[str, str]) -> None:
    assert refusal(method, "/graphql", headers | JSON, "query=mutation%20%7Bx%7D") is not None
    assert method == "POST" or refusal(method, "/graphql", headers | JSON) is not None


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/graphql",
        "application/jsonx",
        "text/plain,application/json",
    ],
)
def test_a_form_of_any_kind_is_refused(kind: str) -> None:
    """Dagster accepts every type that contains `application/json`."""
    assert refusal("POST", "/graphql", OWN | {"content-type": kind}) is not None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/graphql"), ("WEBSOCKET", "/graphql")]
)
@pytest.mark.parametrize(
    "changed",
    [
        {"host": "evil.example:3000"},
        {"host": "evil.example"},
        {"host": ""},
        {"host": "127.0.0.1:3001"},
        {"host": f"{HOST},evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HOST}"},
        {"origin": "http://127.0.0.1:3001"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example:3000", "origin": "http://evil.example:3000"},
    ],
)
def test_another_site_and_a_rebound_name_are_refused(
    method: str, path: str, changed: dict[str, str]
) -> None:
    assert refusal(method, path, OWN | JSON | changed) is not None


def test_a_websocket_says_where_it_comes_from() -> None:
    assert refusal("WEBSOCKET", "/graphql", {"host": HOST}) is not None


SPELLINGS = [
    "".join(letters)
    for letters in product(*([letter, f"%{ord(letter):02x}"] for letter in "/graphql"))
]


@pytest.mark.parametrize("path", SPELLINGS[1:])
def test_the_api_is_known_however_its_path_is_spelled(path: str) -> None:
    for method in ("GET", "POST"):
        assert refusal(method, path, OWN | JSON) is not None, path


@pytest.mark.parametrize(
    "path",
    [
        "//graphql", "/graphql/", "/graphql//", "/GraphQL", "/./graphql", "/x/../graphql",
        "/%2e%2e/graphql", "/%252567raphql", "\\graphql", "/graphql%00", "/graphql%3fquery",
        "/report_asset_materialization/credits", "/%72eport_asset_check/x", "/report%5fasset_x/y",
        "graphql", "",
    ],
)  # fmt: skip
def test_no_other_spelling_and_no_report_passes(path: str) -> None:
    for method in ("GET", "POST", "WEBSOCKET"):
        assert refusal(method, path, OWN | JSON) is not None, path


@given(st.text(max_size=30), st.integers(0, 2))
def test_a_path_is_plain_or_refused(text: str, times: int) -> None:
    path = f"/{text}"
    for _ in range(times):
        path = quote(path, safe="/", errors="surrogatepass")
    plain = plain_path(path)
    assert plain is None or (plain.startswith("/") and "//" not in plain)
    if plain is not None and plain.startswith("/graphql") and path != "/graphql":
        assert refusal("POST", path, OWN | JSON) is not None
