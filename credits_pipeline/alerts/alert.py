"""The alert: one thing that a person should know of, and its text."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from credits_pipeline.reporting import links
from credits_pipeline.text import Outside

#: Whatever has a digit in it is another one at the next try: moments, durations, counts, ids.
_VARYING = re.compile(r"\w*\d(?:[\w.,:+-]*\w)?")
_LONGEST = 1_500
_LONGEST_TITLE = 300


@dataclass(frozen=True)
class Alert:
    """One thing that a person should know of.

    Attributes:
        subject: what may be right or wrong, such as ``month 2025-01``; one name, one thing.
        cause: what is wrong with it; the same cause is told once.
        about: the subject for people.
        state: what is wrong with it, in a few words.
        what: what happened, in sentences.
        to_do: what to do; empty where nothing is to be done.
        dollars: which dollars it is about; empty where there are none.
        run_id: the run that it is about; empty where there is none.
        passes: the pipeline tries again by itself.
        address: of the page that shows it; empty where a run does, or nothing.
        channels: the names of those that it goes through; empty for all.
    """

    subject: str
    cause: str
    about: str
    state: str
    what: str
    to_do: str = ""
    dollars: str = ""
    run_id: str = ""
    passes: bool = False
    address: str = ""
    channels: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """One line for people."""
        return Outside(f"{self.about}: {self.state}").line(_LONGEST_TITLE)

    def is_for(self, channel: str) -> bool:
        """Whether it goes through a channel."""
        return not self.channels or channel in self.channels

    def lines(self) -> list[tuple[str, Outside]]:
        """What there is to say below the title: a name and its text each."""
        told = {"What happened": self.what, "Dollars": self.dollars, "What to do": self.to_do}
        return [(name, Outside(text)) for name, text in told.items() if text]

    def link(self, ui: str) -> str:
        """The run's page; empty where there is no run, or the UI's address is not set."""
        return links.of_run(ui, self.run_id) if ui and self.run_id else ""

    def text(self, ui: str) -> str:
        """All of it below the title, as plain text.

        Args:
            ui: the address of Dagster's UI, without a slash at its end; may be empty.
        """
        told = [f"{name}: {text.line(_LONGEST)}" for name, text in self.lines()]
        if self.run_id:
            told.append(f"Run: {self.link(ui) or Outside(self.run_id).line()}")
        if self.address:
            told.append(f"Look: {self.address}")
        return "\n\n".join(told)


@dataclass(frozen=True)
class Health:
    """What was seen at one look. What is in neither could not be judged then.

    Attributes:
        wrong: the alerts of what is wrong.
        fine: of what is right, by its subject, what is true of it.
    """

    wrong: tuple[Alert, ...] = ()
    fine: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "Health") -> "Health":
        return Health(self.wrong + other.wrong, {**self.fine, **other.fine})


def cause_of(*texts: str, version: str = "") -> str:
    """A short name of a cause, the same where its texts differ in numbers, times and ids only.

    Args:
        texts: what is said of it.
        version: of the file that it is about, if it is about one: another version, another cause.
    """
    blanked = "\n".join(_VARYING.sub("#", text) for text in texts)
    return hashlib.sha256(f"{version}\n{blanked}".encode(errors="backslashreplace")).hexdigest()[
        :16
    ]
