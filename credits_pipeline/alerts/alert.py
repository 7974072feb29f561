"""The alert: one thing that a person should know, and its text."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from credits_pipeline.reporting import links
from credits_pipeline.text import Outside

#: A text with digits differs from try to try: moments, durations, counts, ids.
_VARYING = re.compile(r"\w*\d(?:[\w.,:+-]*\w)?")
_LONGEST = 1_500
_LONGEST_TITLE = 300


@dataclass(frozen=True)
class Alert:
    """One thing that a person should know.

    Attributes:
        subject: what may be right or wrong, such as ``month 2025-01``; one name for one thing.
        cause: what is wrong with it; the same cause is reported once.
        about: the subject, written for people.
        state: what is wrong with it, in a few words.
        what: what happened, in sentences.
        to_do: what to do; empty if there is nothing to do.
        dollars: which dollars it is about; empty if none.
        run_id: the run that it is about; empty if none.
        passes: the pipeline retries by itself.
        address: of the page that shows it; empty if that is a run, or nothing.
        channels: the names of the channels that it goes through; empty for all.
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
        """The lines below the title: a name and a text each."""
        told = {"What happened": self.what, "Dollars": self.dollars, "What to do": self.to_do}
        return [(name, Outside(text)) for name, text in told.items() if text]

    def link(self, ui: str) -> str:
        """The address of the run's page; empty without a run or the UI's address."""
        return links.of_run(ui, self.run_id) if ui and self.run_id else ""

    def text(self, ui: str) -> str:
        """Everything below the title, as plain text.

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
    """What one check saw. A subject in neither list could not be judged then.

    Attributes:
        wrong: the alerts about what is wrong.
        fine: what is right: by subject, what is true of it.
    """

    wrong: tuple[Alert, ...] = ()
    fine: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "Health") -> "Health":
        return Health(self.wrong + other.wrong, {**self.fine, **other.fine})


def cause_of(*texts: str, version: str = "") -> str:
    """A short name of a cause; texts that differ only in numbers, times and ids have the same one.

    Args:
        texts: what is said about it.
        version: of the file that it is about, if any: another version is another cause.
    """
    blanked = "\n".join(_VARYING.sub("#", text) for text in texts)
    return hashlib.sha256(f"{version}\n{blanked}".encode(errors="backslashreplace")).hexdigest()[
        :16
    ]
