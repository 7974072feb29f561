"""Texts that try to escape: SQL around what the gate allows, and what it must never let through."""

import os

from hypothesis import strategies as st

#: `make fuzz-rules` tries many more.
EXAMPLES = int(os.environ.get("FUZZ_RULES", "500"))

#: Each names what is refused, and what the message must name.
REFUSED = {
    "a subquery": ("(select 1) > 0", "SUBQUERY"),
    "a subquery in IN": ("gpus in (select 1)", "query"),
    "EXISTS": ("exists (select 1)", "exists"),
    "a table function": ("1 from read_csv('/etc/passwd')", "FROM"),
    "another table": ("1 from duckdb_settings()", "FROM"),
    "a second statement": ("gpus > 1; drop table resources", "one condition"),
    "a union": ("gpus > 1 union select true", "one condition"),
    "a memory bomb of text": ("length(repeat('x', 4000000000)) > 1", "repeat"),
    "a memory bomb of a list": ("list_sum(range(2000000000)) > 1", "list_sum"),
    "the environment": ("getenv('HOME') = 'x'", "getenv"),
    "a file": ("read_text('/etc/passwd') is null", "read_text"),
    "a cast": ("cast(name as integer) > 1", "cast"),
    "a short cast": ("name::integer > 1", "cast"),
    "CASE": ("case when attached then true end", "case"),
    "a lambda": ("list_filter([1], x -> x > 1) is null", "filter"),
    "a list": ("[1, 2] is null", "array"),
    "a struct": ("{'a': 1} is null", "struct"),
    "joined texts": ("name || name = 'xx'", "DPIPE"),
    "a parameter": ("$1 > 2", "PLACEHOLDER"),
    "a question mark": ("gpus > ?", "PLACEHOLDER"),
    "a place": ("#1 > 2", "POSITIONAL"),
    "a star": ("* is null", "STAR"),
    "columns of a pattern": ("columns('.*') is null", "columns"),
    "a column of a table": ("resources.gpus > 1", "table"),
    "a window": ("count(gpus) over () > 1", "WINDOW"),
    "an aggregate": ("sum(gpus) > 1", "sum"),
    "a limit": ("gpus > 1 limit 1", "LIMIT"),
    "a group": ("gpus > 1 group by 1", "GROUP"),
    "a sample": ("gpus > 1 using sample 1", "SAMPLE"),
    "an alias": ("gpus > 1 as x", "ALIAS"),
    "two values": ("gpus > 1, gpus > 2", "2 values"),
    "a collation": ("name collate nocase = 'a'", "collate"),
    "GLOB": ("name glob '*'", "GLOB"),
    "SIMILAR TO": ("name similar to 'x'", "SIMILARTO"),
    "IS TRUE": ("attached is true", "IS TRUE"),
    "IS DISTINCT FROM": ("gpus is distinct from 1", "IS DISTINCT FROM"),
    "NULL alone": ("null", "NULL"),
    "NULL in a list": ("gpus in (1, null)", "NULL"),
    "an interval": ("seen_at > interval 1 day", "seen_at"),
    "no such column": ("gpu > 1", "did you mean gpus"),
    "all tags": ("tags is null", "tags hold many"),
    "a key that is computed": ("tags[name] = 'x'", "tags[name]"),
    "a pattern that is computed": ("name like region", "computed"),
    "flags of a pattern": ("regexp_matches(name, 'a', 'i')", "with too many values"),
    "text beside a number": ("region > 5", "beside"),
    "a number alone": ("cpu_max_14d", "a number"),
    "a text alone": ("name", "text"),
    "yes compared by size": ("attached > has_expiry", "by size"),
    "a list of no policy": ("region in regions", "not a list"),
    "a huge number": ("gpus > 1e400", "1e400"),
    "a long number": ("gpus > " + "9" * 40, "compared exactly"),
    "nothing": ("  ", "empty"),
    "half a rule": ("gpus > 1 and", "can't be read in line 1"),
    "half a text": ("name = 'a", "can't be read"),
    "deep brackets": ("(" * 200 + "gpus > 1" + ")" * 200, "nested"),
    "many words": (" or ".join(["gpus > 1"] * 200), "words and signs"),
    "a long text": ("name = '" + "x" * 5_000 + "'", "characters"),
    "a control character": ("name = 'a\x1bb'", "invisible character"),
    "a pragma": ("pragma_version() is null", "pragma_version"),
    "SET": ("set memory_limit = '100GB'", "can't be read"),
    "ATTACH": ("attach '/tmp/x.db'", "can't be read"),
    "COPY": ("copy resources to '/tmp/x'", "can't be read"),
    "INSTALL": ("install httpfs", "can't be read"),
}

_names = st.sampled_from(
    ["gpus", "name", "cost_month", "tags", "not_known", "seen_at", "number", "resources", "rowid",
     "current_user", "information_schema.tables", '"cost_month"', "x", "allowed"]
)  # fmt: skip
_functions = st.sampled_from(
    ["length", "lower", "repeat", "range", "list_sum", "getenv", "read_csv", "read_text", "glob",
     "pg_sleep", "query", "query_table", "columns", "coalesce", "tag", "has_tags", "regexp_matches",
     "regexp_replace", "concat", "lpad", "printf", "md5", "random", "uuid", "nextval", "unnest",
     "list_transform", "map", "struct_pack", "try_cast", "error", "set", "current_setting",
     "duckdb_secrets", "which_secret", "missing_tags", "contains", "strlen", "bar"]
)  # fmt: skip
_literals = st.sampled_from(
    ["1", "4000000000", "'x'", "'/etc/passwd'", "null", "true", "1.5", "'%'", "e'\\n'", "$$x$$",
     "x'00'", "0x10", "1_000", "date '2026-01-01'", "interval 1 year", "?", "[1]", "{'a': 1}"]
)  # fmt: skip
_signs = st.sampled_from(
    ["=", "==", "<>", "<", ">", "and", "or", "+", "*", "/", "//", "%", "||", "^", "like", "glob",
     "->", "->>", "::", "is", "in", "@>", "&&", "~", "!~", "<=>", ":=", "collate", "over"]
)  # fmt: skip
_leaves = st.one_of(_names, _literals)
_shapes = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(lambda f, xs: f"{f}({', '.join(xs)})", _functions, st.lists(inner, max_size=3)),
        st.builds(lambda a, s, b: f"{a} {s} {b}", inner, _signs, inner),
        st.builds(lambda a: f"({a})", inner),
        st.builds(lambda a: f"(select {a} from resources)", inner),
        st.builds(lambda a, b: f"{a}[{b}]", inner, inner),
        st.builds(lambda a, b: f"case when {a} then {b} end", inner, inner),
        st.builds(lambda a, b: f"{a} in ({b})", inner, inner),
        st.builds(lambda a: f"cast({a} as blob)", inner),
        st.builds(lambda a: f"not {a}", inner),
        st.builds(lambda a: f"{a} is null", inner),
        st.builds(lambda a, b: f"x -> {a} {b}", inner, inner),
    ),
    max_leaves=8,
)
_ends = st.sampled_from(
    ["", "", "", ";", "--", "/* x */", " from resources", " union all select 1", " limit 1",
     "; attach '/tmp/x'", ") or (true", " as y", " qualify true", "\x00", "'", " order by 1"]
)  # fmt: skip
#: What an attacker may try, and what is near enough to a rule to be parsed.
texts = st.one_of(
    st.builds(lambda a, b: a + b, _shapes, _ends),
    st.text(max_size=60),
    st.lists(st.one_of(_names, _functions, _literals, _signs, st.sampled_from(list("()[]{},.;")))
             , max_size=14).map(" ".join),
)  # fmt: skip
