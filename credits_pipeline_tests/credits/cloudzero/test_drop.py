from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

import polars as pl
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST, CbfSettings
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.drop_options import PreviousAttempt
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import SendingLimits
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, Fault, StandInSettings

MONTH = BillingMonth(2025, 1)
A = {"1" * 12: "5", "2" * 12: "10", "3" * 12: "0"}
B = {"1" * 12: "6", "2" * 12: "10", "4" * 12: "3"}
THREE_BODIES = SendingLimits(body_bytes=2_600)
Many = Callable[..., pl.DataFrame]


class Sender(Protocol):
    def __call__(self, owed: Any, **arguments: Any) -> DropResult: ...


@pytest.fixture
def creates(cloudzero: CloudZeroStandIn) -> Callable[[], int]:
    """The number of creates that CloudZero has seen."""
    return lambda: cloudzero.counters.by_operation.get("create", 0)


@pytest.fixture
def holds(cloudzero: CloudZeroStandIn, stream: str) -> Callable[[], dict[str, Decimal]]:
    """The credit of each account that the stream holds, asked of the stand-in itself."""

    def look() -> dict[str, Decimal]:
        rows = cloudzero.rows(stream, "2025-01")
        assert len({row[ACCOUNT] for row in rows}) == len(rows)
        return {row[ACCOUNT]: Decimal(row[COST]).copy_negate() for row in rows}

    return look


def exact(amounts: dict[str, str]) -> dict[str, Decimal]:
    return {account: Decimal(amount) for account, amount in amounts.items()}


def holds_payload(result: DropResult) -> bool:
    """Whether its verdict is one with a receipt."""
    return result.verdict in {"verified", "partial", "unchanged"}


def after(result: DropResult) -> PreviousAttempt:
    """What the next drop learns about this one."""
    assert result.sent_sha256 is not None
    return PreviousAttempt(holds_payload(result), result.sent_sha256)


class TestVerified:
    def test_a_month_is_sent_and_read_back(
        self, send: Sender, holds: Callable[[], Any], payload_of: Callable[..., Payload]
    ) -> None:
        result = send(A)
        assert result.verdict == "verified"
        assert holds() == exact(A)
        assert result.sent_sha256 == payload_of(A).sha256
        assert (result.sent_rows, result.sent_usd) == (3, Decimal(15))
        assert result.sent_something
        assert not result.ambiguous
        assert not result.permanent
        assert result.diff is not None
        assert result.diff.counts["added"] == 3
        assert result.read_back is not None
        assert result.read_back.equal
        operations = [(r.operation, r.status, r.attempts) for r in result.requests]
        assert operations == [
            ("drop contents", 404, 1),
            ("validate", 200, 1),
            ("replace_drop", 200, 1),
            ("drop contents", 200, 1),
        ]
        assert result.requests[2].drop_id
        assert result.requests[2].row_count == 3

    def test_a_second_month_replaces_the_first_in_full(
        self, send: Sender, holds: Callable[[], Any]
    ) -> None:
        send(A)
        result = send(B)
        assert result.verdict == "verified"
        assert holds() == exact(B)
        assert result.diff is not None
        assert result.diff.counts == {"added": 1, "removed": 1, "changed": 1, "unchanged": 1}

    def test_other_months_and_streams_stay_as_they_are(
        self, send: Sender, cloudzero: CloudZeroStandIn, stream: str
    ) -> None:
        other = [{"time/usage_start": "2024-12-01T00:00:00Z", "cost/cost": "-1"}]
        cloudzero.connections.append("another")
        cloudzero.seed(stream, "2024-12", other)
        cloudzero.seed(
            "another", "2025-01", [{"time/usage_start": "2025-01-01T00:00:00Z", "cost/cost": "1"}]
        )
        send(A)
        assert len(cloudzero.rows(stream, "2024-12")) == 1
        assert len(cloudzero.rows("another", "2025-01")) == 1

    def test_a_month_of_several_bodies_is_sent_one_after_the_other(
        self,
        *,
        send: Sender,
        many: Many,
        holds: Callable[[], Any],
        cloudzero: CloudZeroStandIn,
        stream: str,
    ) -> None:
        result = send(many(25), sending=THREE_BODIES)
        assert result.verdict == "verified"
        assert len(holds()) == 25
        assert result.plan is not None
        assert len(result.plan.bodies) == 3
        assert cloudzero.max_in_flight(stream) == 1
        by_kind = [record.operation for record in cloudzero.log]
        assert by_kind == ["contents", *["validate"] * 3, *["create"] * 3, "contents"]
        assert max(record.bytes for record in cloudzero.log) <= 2_600

    @pytest.mark.parametrize("means", ["stored", "sent"])
    def test_either_meaning_of_the_row_count_after_replace_hourly_is_right(
        self, means: Any, send: Sender, many: Many, cloudzero: CloudZeroStandIn
    ) -> None:
        cloudzero.settings = StandInSettings(row_count_means=means)
        assert send(many(25), sending=THREE_BODIES).verdict == "verified"

    def test_a_stream_that_spells_rows_in_its_own_way_is_read_right(
        self, send: Sender, many: Many, cloudzero: CloudZeroStandIn
    ) -> None:
        cloudzero.settings = StandInSettings(contents_form="rewritten")
        result = send(many(25), sending=THREE_BODIES)
        assert result.verdict == "verified"
        again = send(many(25), sending=THREE_BODIES, previous=after(result))
        assert again.verdict == "unchanged"

    def test_zero_rows_that_cloudzero_does_not_show_are_a_note(
        self, send: Sender, cloudzero: CloudZeroStandIn
    ) -> None:
        cloudzero.settings = StandInSettings(hide_zero_rows=True)
        result = send(A)
        assert result.verdict == "verified"
        assert result.read_back is not None
        assert result.read_back.notes == ("CloudZero does not show 1 rows of zero cost",)
        assert send(A, previous=after(result)).verdict == "unchanged"

    def test_twelve_decimals_and_large_amounts_are_kept_to_the_last_digit(
        self, send: Sender, holds: Callable[[], Any]
    ) -> None:
        fine = {"1" * 12: "0.000000000001", "2" * 12: "12345678901234567890.000000000009"}
        assert send(fine).verdict == "verified"
        assert holds() == exact(fine)

    def test_claw_backs_are_sent_with_their_sign(
        self, send: Sender, holds: Callable[[], Any]
    ) -> None:
        mixed = {"1" * 12: "100", "2" * 12: "-7.50"}
        assert send(mixed).verdict == "verified"
        assert holds() == exact(mixed)

    def test_texts_with_quotes_braces_and_letters_beyond_ascii_come_back_equal(
        self, send: Sender, many: Many, cloudzero: CloudZeroStandIn, stream: str
    ) -> None:
        texts = CbfSettings(description='Crédit "AWS" \\ §5 },{ 💶\t', cloud_provider="AWS")
        result = send(many(25), texts=texts, sending=SendingLimits(body_bytes=4_000))
        assert result.verdict == "verified"
        rows = cloudzero.rows(stream, "2025-01")
        assert {row["lineitem/description"] for row in rows} == {texts.description}
        assert {row["lineitem/cloud_provider"] for row in rows} == {"AWS"}


class TestUnchanged:
    def test_a_month_that_is_held_and_was_ours_is_not_sent_again(
        self, send: Sender, creates: Callable[[], int]
    ) -> None:
        result = send(A)
        again = send(A, previous=after(result))
        assert again.verdict == "unchanged"
        assert creates() == 1
        assert not again.sent_something
        assert holds_payload(again)
        assert again.sent_sha256 == result.sent_sha256

    def test_years_later_and_unknown_to_cloudzero_it_is_still_unchanged(
        self, send: Sender, creates: Callable[[], int]
    ) -> None:
        """January is made again two years later, when none of its accounts has any recent cost."""
        result = send(A)
        again = send(A, previous=after(result), known={"9" * 12}, last_verified_usd=Decimal(9999))
        assert again.verdict == "unchanged"
        assert again.left_out.is_empty()
        assert again.accounts_checked is True
        assert creates() == 1

    @pytest.mark.parametrize(
        "previous",
        [
            None,
            PreviousAttempt(verified=True, sent_sha256="another digest"),
            "unverified",
        ],
    )
    def test_without_our_own_witness_it_is_sent(
        self, previous: Any, send: Sender, creates: Callable[[], int]
    ) -> None:
        result = send(A)
        if previous == "unverified":
            previous = PreviousAttempt(verified=False, sent_sha256=result.sent_sha256 or "")
        assert send(A, previous=previous).verdict == "verified"
        assert creates() == 2

    def test_without_cloudzeros_witness_it_is_sent(
        self, *, send: Sender, cloudzero: CloudZeroStandIn, stream: str,
        holds: Callable[[], Any], creates: Callable[[], int],
    ) -> None:  # fmt: skip
        """Somebody changed one amount by hand."""
        result = send(A)
        rows = cloudzero.rows(stream, "2025-01")
        cloudzero.seed(stream, "2025-01", [{**rows[0], COST: "-5.01"}, *rows[1:]])
        assert send(A, previous=after(result)).verdict == "verified"
        assert holds() == exact(A)
        assert creates() == 2

    def test_force_sends_anyway(self, send: Sender, creates: Callable[[], int]) -> None:
        result = send(A)
        assert send(A, previous=after(result), force=True).verdict == "verified"
        assert creates() == 2

    def test_a_b_a_ends_at_a_although_reads_lag_by_one_write(
        self, send: Sender, cloudzero: CloudZeroStandIn, holds: Callable[[], Any]
    ) -> None:
        """The third drop reads A, as the read lags behind B: one witness would stop there."""
        first = send(A)
        cloudzero.settings = StandInSettings(read_lag_writes=1)
        second = send(B, previous=after(first))
        assert second.verdict == "incomplete"
        third = send(A, previous=after(second))
        assert third.sent_something
        assert holds() == exact(A)
        cloudzero.settings = StandInSettings()
        assert send(A, previous=after(third), force=True).verdict == "verified"

    def test_a_month_pushed_with_sum_is_put_right(
        self, send: Sender, cloudzero: CloudZeroStandIn, stream: str, holds: Callable[[], Any]
    ) -> None:
        """Every account is there twice; the digest of our last attempt is unchanged."""
        result = send(A)
        rows = cloudzero.rows(stream, "2025-01")
        cloudzero.seed(stream, "2025-01", rows + rows)
        again = send(A, previous=after(result))
        assert again.verdict == "verified"
        assert again.diff is not None
        assert again.diff.old_usd == 2 * again.diff.new_usd
        assert holds() == exact(A)

    def test_a_month_sent_with_its_duplicates_summed_and_made_again_without_is_sent(
        self, send: Sender, holds: Callable[[], Any]
    ) -> None:
        summed = send({"1" * 12: "10", "2" * 12: "10"})
        again = send({"1" * 12: "5", "2" * 12: "10"}, previous=after(summed))
        assert again.verdict == "verified"
        assert holds() == exact({"1" * 12: "5", "2" * 12: "10"})


class TestHeld:
    def test_a_large_change_is_held_with_its_diff_and_nothing_is_sent(
        self, send: Sender, holds: Callable[[], Any], creates: Callable[[], int]
    ) -> None:
        send(A)
        result = send({"1" * 12: "1000", "2" * 12: "10"})
        assert result.verdict == "held"
        assert "more than 5 times" in result.reason
        assert "accept_change" in result.what_to_do
        assert result.diff is not None
        assert result.diff.counts["changed"] == 1
        assert holds() == exact(A)
        assert creates() == 1

    def test_a_person_releases_it(self, send: Sender, holds: Callable[[], Any]) -> None:
        send(A)
        leap = {"1" * 12: "1000", "2" * 12: "10"}
        assert send(leap, accept_change=True).verdict == "verified"
        assert holds() == exact(leap)

    def test_a_new_month_is_measured_by_the_last_verified_one(self, send: Sender) -> None:
        assert send(A, last_verified_usd=Decimal("2.99")).verdict == "held"
        assert send(A, last_verified_usd=Decimal(3)).verdict == "verified"

    def test_force_does_not_release_it(self, send: Sender) -> None:
        send(A)
        assert send({"1" * 12: "1000"}, force=True).verdict == "held"


class TestDryRun:
    def test_it_plans_and_compares_and_posts_nothing(
        self, send: Sender, cloudzero: CloudZeroStandIn
    ) -> None:
        result = send(A, dry_run=True)
        assert result.verdict == "dry_run"
        assert result.diff is not None
        assert result.plan is not None
        assert "3 rows with $15.00 in 1 request" in result.reason
        assert [record.method for record in cloudzero.log] == ["GET"]


class TestClearing:
    def test_a_month_is_withdrawn_by_zero_rows_for_every_account_held(
        self, send: Sender, cloudzero: CloudZeroStandIn, stream: str, holds: Callable[[], Any]
    ) -> None:
        send(A)
        rows = cloudzero.rows(stream, "2025-01")
        cloudzero.seed(stream, "2025-01", [*rows, {**rows[0], ACCOUNT: "hand-made"}, rows[0]])
        result = send({}, clear_month=True)
        assert result.verdict == "verified"
        assert holds() == dict.fromkeys([*A, "hand-made"], Decimal(0))
        assert result.sent_usd == 0
        assert send({}, clear_month=True, previous=after(result)).verdict == "unchanged"

    def test_a_month_of_zero_rows_that_are_not_shown_is_verified_too(
        self, send: Sender, cloudzero: CloudZeroStandIn
    ) -> None:
        send(A)
        cloudzero.settings = StandInSettings(hide_zero_rows=True)
        assert send({}, clear_month=True).verdict == "verified"

    def test_a_month_that_holds_nothing_has_nothing_to_clear(
        self, send: Sender, creates: Callable[[], int]
    ) -> None:
        result = send(A, clear_month=True)
        assert result.verdict == "unchanged"
        assert "nothing to clear" in result.reason
        assert creates() == 0

    def test_rows_without_an_account_can_not_be_withdrawn(
        self, send: Sender, cloudzero: CloudZeroStandIn, stream: str, creates: Callable[[], int]
    ) -> None:
        row = {"time/usage_start": "2025-01-01T00:00:00Z", COST: "-1"}
        cloudzero.seed(stream, "2025-01", [row, {**row, ACCOUNT: ""}])
        result = send({}, clear_month=True)
        assert (result.verdict, result.permanent) == ("failed", True)
        assert "holds 2 rows for 2025-01" in result.reason
        assert creates() == 0
        cloudzero.seed(stream, "2025-01", [row, {**row, ACCOUNT: "1" * 12}])
        assert send({}, clear_month=True).verdict == "verified"
        assert len(cloudzero.rows(stream, "2025-01")) == 1

    def test_an_empty_payload_never_does_it(
        self, send: Sender, holds: Callable[[], Any], creates: Callable[[], int]
    ) -> None:
        send(A)
        result = send({})
        assert result.verdict == "failed"
        assert result.permanent
        assert "no row to send" in result.reason
        assert holds() == exact(A)
        assert creates() == 1

    def test_amounts_that_are_all_zero_are_sent_with_a_warning(
        self, send: Sender, holds: Callable[[], Any]
    ) -> None:
        zero = {"1" * 12: "0", "2" * 12: "0"}
        result = send(zero)
        assert result.verdict == "verified"
        assert any("total of 2025-01 is zero" in warning for warning in result.warnings)
        assert holds() == exact(zero)

    def test_a_cleared_month_takes_a_new_file_without_being_held(self, send: Sender) -> None:
        send(A)
        send({}, clear_month=True)
        assert send(B).verdict == "verified"


class TestUnknownAccounts:
    def test_they_are_left_out_and_the_verdict_is_partial(
        self, send: Sender, many: Many, holds: Callable[[], Any]
    ) -> None:
        month = many(100, 100)
        known = set(month["account_id"].to_list()[1:])
        result = send(month, known=known)
        assert result.verdict == "partial"
        assert result.left_out[ACCOUNT].to_list() == month["account_id"].to_list()[:1]
        assert result.left_out_usd == Decimal(100)
        assert set(holds()) == known
        assert result.sent_rows == 99
        assert holds_payload(result)

    def test_they_are_sent_once_they_are_known(
        self, send: Sender, many: Many, holds: Callable[[], Any]
    ) -> None:
        month = many(100, 100)
        partial = send(month, known=set(month["account_id"].to_list()[1:]))
        result = send(month, known=set(month["account_id"]), previous=after(partial))
        assert result.verdict == "verified"
        assert len(holds()) == 100

    def test_while_nothing_changes_a_partial_month_is_unchanged(
        self, send: Sender, many: Many
    ) -> None:
        month = many(100, 100)
        known = set(month["account_id"].to_list()[1:])
        partial = send(month, known=known)
        again = send(month, known=known, previous=after(partial))
        assert again.verdict == "unchanged"
        assert again.left_out.height == 1

    def test_a_list_that_comes_back_half_empty_blocks(
        self, send: Sender, many: Many, creates: Callable[[], int]
    ) -> None:
        month = many(100, 100)
        result = send(month, known=set(month["account_id"].to_list()[:50]))
        assert result.verdict == "blocked"
        assert result.left_out.height == 50
        assert "50 of 100 accounts" in result.reason
        assert creates() == 0

    def test_skipping_never_takes_away_what_is_there(
        self, send: Sender, many: Many, holds: Callable[[], Any]
    ) -> None:
        month = many(100, 100)
        first = send(month)
        result = send(month, known=set(), previous=after(first), force=True)
        assert result.verdict == "verified"
        assert len(holds()) == 100

    def test_not_asked_is_not_checked_and_everything_is_sent(
        self, send: Sender, many: Many
    ) -> None:
        result = send(many(100), known=None)
        assert result.verdict == "verified"
        assert result.accounts_checked is False
        assert any("not checked" in warning for warning in result.warnings)

    def test_where_unknown_ones_are_to_be_sent_nothing_is_checked(
        self, send: Sender, many: Many
    ) -> None:
        result = send(many(100), known=set(), unknown="send")
        assert result.verdict == "verified"
        assert result.accounts_checked is None
        assert result.warnings == ()


class TestValidation:
    def test_every_body_is_validated_before_the_first_is_created(
        self, *, send: Sender, many: Many, cloudzero: CloudZeroStandIn,
        creates: Callable[[], int], holds: Callable[[], Any],
    ) -> None:  # fmt: skip
        """The third body is invalid: nothing of the first two may have been sent."""
        month = many(25).with_columns(
            pl.when(pl.int_range(pl.len()) == 24)
            .then(pl.lit("9" * 300))
            .otherwise("account_id")
            .alias("account_id")
        )
        cloudzero.inject(
            Fault(
                operation="validate", kind="status", status=200, at=3,
                body='{"connection": {"is_valid": false, "errors": ["row 24 is odd"]}}',
            )
        )  # fmt: skip
        result = send(month, sending=THREE_BODIES)
        assert result.verdict == "failed"
        assert result.permanent
        assert result.validation_errors == ("row 24 is odd",)
        assert "body 3 of 3" in result.reason
        assert "row 24 is odd" in result.reason
        assert creates() == 0
        assert holds() == {}

    def test_a_key_without_the_scope_is_a_warning_that_names_it(
        self, send: Sender, cloudzero: CloudZeroStandIn, api_key: str
    ) -> None:
        scope = "connections:create_billing_anycost_validate_billing_drop"
        cloudzero.keys[api_key] = frozenset(SCOPES) - {scope}
        result = send(A)
        assert result.verdict == "verified"
        assert any(scope in warning for warning in result.warnings)

    @pytest.mark.parametrize("status", [400, 404, 413])
    def test_a_validation_that_is_refused_stops_the_drop_for_good(
        self, status: int, send: Sender, cloudzero: CloudZeroStandIn, creates: Callable[[], int]
    ) -> None:
        cloudzero.inject(Fault(operation="validate", kind="status", status=status))
        result = send(A)
        assert (result.verdict, result.permanent) == ("failed", True)
        assert str(status) in result.reason
        assert creates() == 0

    def test_a_validation_that_can_not_be_had_stops_the_drop(
        self, send: Sender, cloudzero: CloudZeroStandIn, creates: Callable[[], int]
    ) -> None:
        cloudzero.inject(Fault(operation="validate", kind="status", status=500))
        result = send(A)
        assert result.verdict == "failed"
        assert not result.permanent
        assert creates() == 0


class TestJournal:
    def test_it_is_written_once_before_the_first_create(
        self, send: Sender, many: Many, creates: Callable[[], int]
    ) -> None:
        seen: list[tuple[DropResult, int]] = []
        send(many(25), sending=THREE_BODIES, journal=lambda r: seen.append((r, creates())))
        [(intent, created)] = seen
        assert created == 0
        assert intent.verdict == "sending"
        assert intent.plan is not None
        assert len(intent.plan.bodies) == 3
        assert intent.sent_sha256
        assert intent.diff is not None
        assert len(intent.requests) == 4

    @pytest.mark.parametrize(
        "ends",
        [{"dry_run": True}, {"last_verified_usd": Decimal(1)}, {"known": set()}],
    )
    def test_a_drop_that_sends_nothing_writes_nothing(self, ends: Any, send: Sender) -> None:
        seen: list[DropResult] = []
        send(A, journal=seen.append, **ends)
        assert seen == []

    def test_a_journal_that_fails_ends_the_drop_with_nothing_sent(
        self, send: Sender, creates: Callable[[], int]
    ) -> None:
        def broken(_: DropResult) -> None:
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="disk is full"):
            send(A, journal=broken)
        assert creates() == 0


class TestLock:
    def test_a_lock_that_was_lost_before_the_first_create_sends_nothing(
        self, *, send: Sender, creates: Callable[[], int], tmp_path: Any
    ) -> None:
        def steal(_: DropResult) -> None:
            for lock in (tmp_path / "state").rglob("*.lock"):
                lock.unlink()

        result = send(A, journal=steal)
        assert result.verdict == "failed"
        assert "deleted or replaced" in result.reason
        assert "The month is unchanged." in result.reason
        assert creates() == 0

    def test_a_lock_that_was_lost_between_two_creates_is_incomplete(
        self, *, send: Sender, many: Many, creates: Callable[[], int], tmp_path: Any,
        cloudzero: CloudZeroStandIn,
    ) -> None:  # fmt: skip
        def steal(sentence: str) -> None:
            if sentence.startswith("sending body 2"):
                for lock in (tmp_path / "state").rglob("*.lock"):
                    lock.unlink()

        result = send(many(25), sending=THREE_BODIES, progress=steal)
        assert result.verdict == "incomplete"
        assert creates() == 1
        assert cloudzero.log[-1].operation == "create"
        # The request may be applied after another run's drop, so the month is read again.
        assert result.ambiguous

    @pytest.mark.parametrize(
        ("operation", "verdict"),
        [("contents", "failed"), ("validate", "failed"), ("create", "incomplete")],
    )
    def test_nothing_is_repeated_after_the_lock_was_lost(
        self, *, send: Sender, make_client: Any, patience: Any, tmp_path: Any,
        operation: Any, verdict: str, cloudzero: CloudZeroStandIn,
    ) -> None:  # fmt: skip
        def steal(seconds: float) -> None:
            patience.sleep(seconds)
            for lock in (tmp_path / "state").rglob("*.lock"):
                lock.unlink()

        cloudzero.inject(Fault(operation=operation, kind="status", status=503, at=1))
        result = send(A, client=make_client(retry=patience.policy(sleep=steal)))
        assert result.verdict == verdict
        assert "deleted or replaced" in result.reason
        assert [record.operation for record in cloudzero.log].count(operation) == 1
        assert cloudzero.log[-1].operation == operation

    def test_what_can_t_be_read_back_under_the_lock_is_incomplete(
        self, *, send: Sender, tmp_path: Any, cloudzero: CloudZeroStandIn
    ) -> None:
        def steal(sentence: str) -> None:
            if sentence.startswith("reading 2025-01 back"):
                for lock in (tmp_path / "state").rglob("*.lock"):
                    lock.unlink()

        result = send(A, progress=steal)
        assert result.verdict == "incomplete"
        assert not result.permanent
        # Our drop may have overtaken another run's: the month is read again.
        assert result.ambiguous
        assert cloudzero.log[-1].operation == "create"


def test_progress_is_reported_in_sentences(send: Sender) -> None:
    told: list[str] = []
    send(A, progress=told.append)
    assert told == [
        "reading what CloudZero holds for 2025-01",
        "validating body 1 of 1",
        "sending body 1 of 1: 3 rows, 784 bytes",
        "reading 2025-01 back",
    ]


def test_a_drop_in_a_session_of_the_caller_lists_its_own_requests(
    send: Sender, client: CloudZeroClient
) -> None:
    with client.session() as session:
        client.list_drops()
        result = send(A)
        assert len(session.requests) == 5
    assert len(result.requests) == 4


@pytest.mark.parametrize("broken", [TypeError, ZeroDivisionError, KeyboardInterrupt])
def test_a_fault_of_the_program_is_never_a_verdict(
    broken: type[BaseException], send: Sender, creates: Callable[[], int]
) -> None:
    def fail(sentence: str) -> None:
        if sentence.startswith("sending"):
            raise broken

    with pytest.raises(broken):
        send(A, progress=fail)
    assert creates() == 0
