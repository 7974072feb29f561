"""No alert is sent twice, none is lost, and the stored state stays small."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.alerts.alert import Alert, Health
from credits_pipeline.alerts.channel import ChannelError, PartlyToldError
from credits_pipeline.alerts.delivery import deliver
from credits_pipeline.alerts.state import GIVEN_UP, AlertState
from credits_pipeline.core.storage.store import StorageError

NOW = datetime(2025, 2, 3, 10, tzinfo=UTC)


def alert(subject: str = "month 2025-01", cause: str = "a", *, passes: bool = False) -> Alert:
    return Alert(subject, cause, about=subject, state=f"bad {cause}", what="w", passes=passes)


class Heard:
    """A channel that records what it gets, and fails on request."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails: Exception | None = None
        self.got: list[str] = []

    def send(self, alert: Alert, ui: str) -> None:
        assert ui == ""
        if self.fails is not None:
            raise self.fails
        self.got.append(alert.title)


def tick(book: AlertState, view: Health, *channels: Heard, now: datetime = NOW) -> AlertState:
    book, _ = deliver(book.seen(view, now), channels, lambda _: None, ui="")
    return AlertState.from_json(
        book.without_what_is_over(channel.name for channel in channels).to_json()
    )


def untold(book: AlertState, channel: str) -> int:
    return sum(channel not in m.told for episode in book.episodes for m in episode.messages)


def wrong(*alerts: Alert) -> Health:
    return Health(alerts)


FINE = Health(fine={"month 2025-01": "All is well."})


def test_what_stays_wrong_is_reported_once() -> None:
    channel, book = Heard("one"), AlertState()
    for _ in range(5):
        book = tick(book, wrong(alert()), channel)
    assert channel.got == ["month 2025-01: bad a"]


def test_another_cause_is_reported_and_going_back_to_the_first_is_not() -> None:
    channel, book = Heard("one"), AlertState()
    for cause in ("a", "b", "a", "b", "a"):
        book = tick(book, wrong(alert(cause=cause)), channel)
    assert channel.got == ["month 2025-01: bad a", "month 2025-01: bad b"]


def test_what_is_over_is_reported_once_then_forgotten_and_may_come_again() -> None:
    channel, book = Heard("one"), AlertState()
    for view in (wrong(alert()), FINE, FINE, wrong(alert()), FINE):
        book = tick(book, view, channel)
    bad, over = "month 2025-01: bad a", "month 2025-01: settled (bad a)"
    assert channel.got == [bad, over, bad, over]
    assert book == AlertState()


def test_what_could_not_be_judged_is_left_as_it_was() -> None:
    channel, book = Heard("one"), AlertState()
    for view in (wrong(alert()), Health(), wrong(alert()), Health()):
        book = tick(book, view, channel)
    assert channel.got == ["month 2025-01: bad a"]


def test_a_channel_that_fails_gets_all_of_it_later_and_the_other_nothing_twice() -> None:
    works, fails, book = Heard("works"), Heard("fails"), AlertState()
    fails.fails = ChannelError("down")
    for view in (wrong(alert()), wrong(alert(cause="b")), FINE):
        book = tick(book, view, works, fails)
    assert len(book.episodes) == 1
    fails.fails = None
    book = tick(book, FINE, works, fails)
    assert fails.got == works.got
    assert works.got == [
        "month 2025-01: bad a",
        "month 2025-01: bad b",
        "month 2025-01: settled (bad b)",
    ]
    assert book == AlertState()


def test_a_channel_that_fails_is_asked_once_a_tick() -> None:
    fails = Heard("fails")
    fails.fails = ChannelError("down")
    view = wrong(alert(), alert("month 2025-02"))
    _, failures = deliver(AlertState().seen(view, NOW), [fails], lambda _: None, ui="")
    assert failures == ["down The next tick tries again."]


def test_what_was_taken_for_some_is_not_sent_again() -> None:
    partly, book = Heard("partly"), AlertState()
    partly.fails = PartlyToldError("not for gone@example.com")
    book, failures = deliver(book.seen(wrong(alert()), NOW), [partly], lambda _: None, ui="")
    assert failures == ["not for gone@example.com"]
    assert book.to_tell("partly") is None


def test_a_channel_that_is_set_later_hears_what_is_wrong_then() -> None:
    first, later, book = Heard("first"), Heard("later"), AlertState()
    book = tick(book, wrong(alert()), first)
    book = tick(book, wrong(alert()), first, later)
    assert first.got == later.got == ["month 2025-01: bad a"]


def test_what_is_no_longer_retried_is_reported_once_more() -> None:
    channel, book = Heard("one"), AlertState()
    for hours in (0, 1, 79, 81, 82, 200):
        now = NOW + timedelta(hours=hours)
        book = tick(book, wrong(alert(passes=True)), channel, now=now)
    assert channel.got == ["month 2025-01: bad a", "month 2025-01: bad a; given up"]
    assert timedelta(hours=77) < GIVEN_UP


def test_blocked_five_days_then_another_cause_that_may_pass() -> None:
    """It is given up as late as any other: earlier incidents do not count."""
    channel, book = Heard("one"), AlertState()
    book = tick(book, wrong(alert(cause="blocked")), channel)
    for hours in (120, 121, 199, 201, 202):
        now = NOW + timedelta(hours=hours)
        book = tick(book, wrong(alert(cause="503", passes=True)), channel, now=now)
        if hours == 199:
            assert channel.got == ["month 2025-01: bad blocked", "month 2025-01: bad 503"]
    assert channel.got[2:] == ["month 2025-01: bad 503; given up"]


def test_a_book_of_before_has_the_episode_s_moment_for_each_message() -> None:
    channel = Heard("one")
    book = tick(AlertState(), wrong(alert(passes=True)), channel)
    stored = json.loads(book.to_json())
    del stored["episodes"][0]["messages"][0]["since"]
    before = AlertState.from_json(json.dumps(stored).encode())
    assert before == book
    tick(before, wrong(alert(passes=True)), channel, now=NOW + timedelta(hours=81))
    assert channel.got[1:] == ["month 2025-01: bad a; given up"]


def test_what_can_not_be_remembered_is_not_told() -> None:
    """A full disk must not send it again with every tick."""
    channel = Heard("one")

    def full(_: AlertState) -> None:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        deliver(AlertState().seen(wrong(alert()), NOW), [channel], full, ui="")
    assert channel.got == []


def test_each_word_is_remembered_before_the_next_is_said() -> None:
    """A daemon that is killed between two messages sends neither again."""
    channel, kept = Heard("one"), [AlertState()]
    view = wrong(alert(), alert("month 2025-02"))
    deliver(AlertState().seen(view, NOW), [channel], kept.append, ui="")
    assert [untold(book, "one") for book in kept[1:]] == [2, 1, 0]


def test_a_tick_ends_in_time_and_the_next_goes_on() -> None:
    """Each message takes ten seconds."""
    channel, seconds = Heard("one"), iter(range(0, 10_000, 10))
    book = AlertState().seen(wrong(*(alert(f"month {n}") for n in range(7))), NOW)
    left = []
    while book.to_tell("one"):
        book, _ = deliver(book, [channel], lambda _: None, ui="", clock=lambda: next(seconds))
        left.append(untold(book, "one"))
    assert left == [5, 3, 1, 0]
    assert len(set(channel.got)) == 7


SUBJECTS = st.sampled_from(["month 1", "month 2", "file 1"])
VIEWS = st.dictionaries(SUBJECTS, st.sampled_from(["a", "b", "fine"]))


@given(st.lists(st.tuples(VIEWS, st.sets(st.sampled_from(["one", "two"])))))
def test_no_channel_gets_a_cause_twice_in_one_incident(
    ticks: list[tuple[dict[str, str], set[str]]],
) -> None:
    channels, book = [Heard("one"), Heard("two")], AlertState()
    for seen, down in ticks:
        for channel in channels:
            channel.fails = ChannelError("down") if channel.name in down else None
        bad = (alert(s, cause) for s, cause in seen.items() if cause != "fine")
        good = {s: "well" for s, cause in seen.items() if cause == "fine"}
        book = tick(book, Health(tuple(bad), good), *channels)
    for channel in channels:
        channel.fails = None
    all_fine = Health(fine=dict.fromkeys(["month 1", "month 2", "file 1"], "well"))
    assert tick(book, all_fine, *channels) == AlertState()
    for channel in channels:
        for subject in ("month 1", "month 2", "file 1"):
            episode: set[str] = set()
            for title in [title for title in channel.got if title.startswith(subject)]:
                assert title not in episode
                episode = set() if "settled" in title else episode | {title}


@pytest.mark.parametrize(
    "error",
    [
        UnicodeEncodeError("ascii", "pässword-9f", 1, 2, "no"),
        RuntimeError("pässword-9f"),
        KeyError("pässword-9f"),
        RecursionError("pässword-9f"),
    ],
)
def test_whatever_a_channel_raises_the_next_ones_get_it_and_no_secret_is_shown(
    error: Exception,
) -> None:
    broken, well = Heard("broken"), Heard("well")
    broken.fails = error
    view = wrong(alert())
    book, failures = deliver(AlertState().seen(view, NOW), [broken, well], lambda _: None, ui="")
    assert len(well.got) == 1
    (said,) = failures
    assert type(error).__name__ in said
    assert "pässword" not in said
    assert book.to_tell("broken") is not None
    assert book.to_tell("well") is None
