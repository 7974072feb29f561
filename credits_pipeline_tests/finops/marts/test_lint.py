"""The lint names what some engine computes differently, and every mart passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.marts.columns import tag_column
from credits_pipeline.finops.marts.lint import findings

MONEY = "DECIMAL(36, 18)"
REFUSED = {
    "a product": "SELECT a * b AS c FROM t",
    "a quotient": "SELECT a / b AS c FROM t",
    "a whole quotient": "SELECT a // b AS c FROM t",
    "a remainder": "SELECT a % b AS c FROM t",
    "a sum of two columns": f"SELECT CAST(a + b AS {MONEY}) AS c FROM t",
    "an uncast sum": "SELECT SUM(a) AS a FROM t",
    "a sum cast to a double": "SELECT CAST(SUM(a) AS DOUBLE) AS a FROM t",
    "a sum cast to fewer places": "SELECT CAST(SUM(a) AS DECIMAL(38, 12)) AS a FROM t",
    "an uncast count": "SELECT COUNT(1) AS n FROM t",
    "a count cast to money": f"SELECT CAST(COUNT(1) AS {MONEY}) AS n FROM t",
    "an uncast difference": "SELECT a - b AS c FROM t",
    "sums cast only outside": f"SELECT CAST(SUM(a) - SUM(b) AS {MONEY}) AS c FROM t",
    "an uncast row number": "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS n FROM t",
    "a bare number in CASE": "SELECT CASE WHEN a = 'x' THEN b ELSE 0 END AS c FROM t",
    "a bare negative number in CASE": "SELECT CASE WHEN a = 'x' THEN -1 ELSE b END AS c FROM t",
    "a bare number in COALESCE": "SELECT COALESCE(a, 0) AS a FROM t",
    "a star": "SELECT * FROM t",
    "a star of a table": "SELECT t.* FROM t",
    "a counted star": "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM t",
    "GROUP BY ALL": "SELECT a FROM t GROUP BY ALL",
    "GROUP BY a place": "SELECT a FROM t GROUP BY 1",
    "GROUP BY ROLLUP": "SELECT a FROM t GROUP BY ROLLUP (a)",
    "QUALIFY": "SELECT a FROM t QUALIFY CAST(ROW_NUMBER() OVER (ORDER BY a) AS BIGINT) = 1",
    "a cast to a date": "SELECT CAST(a AS DATE) AS a FROM t",
    "a cast to a time": "SELECT CAST(a AS TIMESTAMP) AS a FROM t",
    "a short cast": "SELECT a::DATE AS a FROM t",
    "a cast that forgives": f"SELECT TRY_CAST(a AS {MONEY}) AS a FROM t",
    "a cast of text": f"SELECT CAST('1' AS {MONEY}) AS a FROM t",
    "a cast of a column": f"SELECT CAST(a AS {MONEY}) AS a FROM t",
    "a function of its own": "SELECT date_trunc('month', a) AS a FROM t",
    "a function nobody knows": "SELECT frobnicate(a) AS a FROM t",
    "the present": "SELECT current_timestamp AS a FROM t",
    "rounding": "SELECT ROUND(a, 2) AS a FROM t",
    "an order": "SELECT a FROM t ORDER BY a",
    "a limit": "SELECT a FROM t LIMIT 5",
    "a union that drops rows": "SELECT a FROM t UNION SELECT a FROM t",
    "another table": "SELECT a FROM u",
    "a file": "SELECT a FROM read_parquet('/etc/passwd')",
    "two statements": "SELECT a FROM t; SELECT a FROM t",
    "no query": "DROP TABLE t",
    "no SQL": "SELECT FROM WHERE (",
}  # fmt: skip
ALLOWED = {
    "a cast sum": f"SELECT a, CAST(SUM(b) AS {MONEY}) AS b FROM t GROUP BY a",
    "a cast count": "SELECT a, CAST(COUNT(1) AS BIGINT) AS n FROM t GROUP BY a",
    "a cast difference": f"SELECT CAST(a - b AS {MONEY}) AS c FROM t",
    "a cast number in CASE": "SELECT CAST(SUM(CASE WHEN a = 'x' THEN b "
    f"ELSE CAST(0 AS {MONEY}) END) AS {MONEY}) AS c FROM t",
    "text in CASE": "SELECT CASE WHEN a IS NULL THEN 'no' ELSE 'yes' END AS a FROM t",
    "a number that is compared": "SELECT a FROM t WHERE b > 0 OR c BETWEEN 1 AND 2",
    "a numbered row": "SELECT CAST(ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS BIGINT) AS n "
    "FROM t",
    "a table of its own": "WITH u AS (SELECT a FROM t) SELECT a FROM u",
    "a union that keeps rows": "SELECT a FROM t UNION ALL SELECT a FROM t",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_engines_compute_otherwise_is_named(text: str) -> None:
    assert findings(text, tables=["t"])


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_what_engines_compute_alike_passes(text: str) -> None:
    assert findings(text, tables=["t"]) == ()


@settings(max_examples=15)
@given(st.lists(st.text(min_size=1, max_size=12), max_size=4))
def test_every_mart_passes_whatever_tag_keys_are_columns(tags: list[str]) -> None:
    for mart in marts(tags):
        assert findings(mart.text, tables=[mart.reads]) == ()
        names = [column.name for column in mart.columns]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("key", "column"),
    [("team", "tag_team"), ("Cost-Center", "tag_cost_center"), ("k8s/app", "tag_k8s_app")],
)
def test_a_tag_s_column_needs_no_quotes(key: str, column: str) -> None:
    assert tag_column(key) == column


def test_another_text_is_another_digest() -> None:
    assert {mart.digest for mart in marts(["team"])}.isdisjoint(
        {mart.digest for mart in marts(["team", "product"]) if "tag_product" in mart.text}
    )
