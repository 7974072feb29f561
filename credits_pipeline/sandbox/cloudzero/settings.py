"""What CloudZero's public material leaves open, as settings; and its limits, which can be lowered.

Every field carries its mark: documented, observed (seen in code that ran against the live API) or
inferred. `docs/stand-in.md` is the same list for people.
"""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Literal, Self, get_type_hints

from credits_pipeline.sandbox.cloudzero.typed import typed


@dataclass(frozen=True, kw_only=True)
class StandInSettings:
    """How the stand-in behaves; the defaults are the contract, read strictly.

    Attributes:
        max_body_bytes: a larger request body is answered 413 (documented: "5 MB"; inferred: the
            smaller reading, 5,000,000, and not 5,242,880).
        max_month_rows: rows that one stream may hold for one month (documented).
        max_month_bytes: bytes of these rows, counted as compact JSON objects (documented: 70 MB;
            inferred: what is counted).
        over_cap_status: the answer to a drop past either cap; nothing is applied (inferred).
        accept_gzip: take ``Content-Encoding: gzip``, the limit applying to what is inside;
            otherwise 400 (undocumented).
        concurrency: whether a second request on a stream, while one is in flight, is refused
            (documented: not supported; inferred: refused).
        concurrent_status: the answer to it (inferred).
        unknown_connection_status: the answer to create, list and contents of a connection that
            does not exist (inferred: 400 or 403).
        unknown_operation: how an ``operation`` that is not one of three is answered (inferred).
        month_from_rows: without ``month``, take that of the first row; otherwise 400 (inferred).
        empty_data: what ``replace_drop`` with no rows does (inferred).
        column_names: ``contract`` takes the columns of the contract's section 6, ``documented``
            also ``action/*``, ``bill/invoice_id`` and ``k8s/*`` of CloudZero's OpenAPI file.
        free_text_types: take any ``lineitem/type`` (observed: refused).
        number_costs: take JSON numbers for values (documented: strings; inferred: refused).
        exponent_costs: take ``1E+3`` as a cost (inferred: refused).
        any_iso_times: take every form of the OpenAPI pattern in ``time/usage_start``, with an
            offset, a fraction or no zone (inferred: refused; only ``…Z`` is shown).
        date_only_times: take ``YYYY-MM-DD`` in ``time/usage_start`` (inferred: refused).
        cost_digits: significant digits of a cost that survive; None keeps all (inferred: all).
        row_count_means: what ``row_count`` counts after ``sum`` and ``replace_hourly``: the rows
            ``stored`` for the month or the rows ``sent`` (undocumented).
        answer_month: whether answers spell a month ``YYYY-MM`` (observed) or as the ``datetime``
            of the OpenAPI file (documented).
        empty_month_status: contents of a month that a drop without rows emptied: 200 with no
            rows, or 404 (inferred).
        contents_form: ``as_sent``, or ``rewritten``: other row order, costs without trailing
            zeros, times with ``+00:00``, blank optional columns present (inferred).
        hide_zero_rows: contents leave out rows of zero cost (inferred: they are kept).
        validate_bad_rows: rows that break the format: 200 with ``is_valid`` false, or 400
            (documented: 200).
        validate_envelope: whether the verdict is under ``connection`` or at the top level
            (documented: under ``connection``).
        read_lag_writes: list and contents show a month as it was this many writes ago (inferred:
            0).
        read_lag: the same by time, on the stand-in's clock (inferred: none).
        kept_versions: versions of a month that are kept for lagging reads.
        ingest_delay: a drop shows in costs this long after it was made (documented: streams are
            ingested at least every 12 to 24 hours).
        costs_calls_a_day: calls of the costs endpoint in one UTC day; cursors are free
            (documented: 60; inferred: the day is UTC's).
        costs_page_rows: rows in one page of costs (documented: 10,000).
        cursor_life: how long a cursor can be followed, then 410 (documented: 24 hours).
        end_date_is: whether ``end_date`` itself belongs to the answer (inferred: it does not).
        idempotency_first: look a key up before authorization, as "before any other code" says
            (documented); else after it.
        idempotency_life: how long an answer is replayed; None for ever (documented, without end).
        test_key_life: how long writes under a ``cloudzero-test-key`` last (documented: an hour).
    """

    max_body_bytes: int = 5_000_000
    max_month_rows: int = 1_000_000
    max_month_bytes: int = 70_000_000
    over_cap_status: int = 400
    accept_gzip: bool = False
    concurrency: Literal["refuse", "allow"] = "refuse"
    concurrent_status: int = 409
    unknown_connection_status: int = 400
    unknown_operation: Literal["refuse", "replace_drop"] = "refuse"
    month_from_rows: bool = True
    empty_data: Literal["clear", "refuse", "ignore"] = "clear"
    column_names: Literal["contract", "documented"] = "contract"
    free_text_types: bool = False
    number_costs: bool = False
    exponent_costs: bool = False
    any_iso_times: bool = False
    date_only_times: bool = False
    cost_digits: int | None = None
    row_count_means: Literal["stored", "sent"] = "stored"
    answer_month: Literal["YYYY-MM", "datetime"] = "YYYY-MM"
    empty_month_status: Literal[200, 404] = 200
    contents_form: Literal["as_sent", "rewritten"] = "as_sent"
    hide_zero_rows: bool = False
    validate_bad_rows: Literal[200, 400] = 200
    validate_envelope: Literal["connection", "top"] = "connection"
    read_lag_writes: int = 0
    read_lag: timedelta = timedelta(0)
    kept_versions: int = 8
    ingest_delay: timedelta = timedelta(hours=24)
    costs_calls_a_day: int = 60
    costs_page_rows: int = 10_000
    cursor_life: timedelta = timedelta(hours=24)
    end_date_is: Literal["exclusive", "inclusive"] = "exclusive"
    idempotency_first: bool = True
    idempotency_life: timedelta | None = None
    test_key_life: timedelta = timedelta(hours=1)

    def as_json(self) -> dict[str, Any]:
        """By name, durations in seconds."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in values.items()
        }

    def amended(self, changes: Any) -> Self:
        """These settings with some others, durations in seconds.

        Raises:
            ValueError: a name that is not a setting, or a value that is not of its type.
        """
        hints = get_type_hints(type(self))
        if not isinstance(changes, dict):
            raise TypeError("settings are a JSON object of names and values")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in changes.items():
            if name not in hints:
                raise ValueError(f"{name!r} is not a setting; there are {', '.join(sorted(hints))}")
            values[name] = typed(name, value, hints[name])
        return type(self)(**values)
