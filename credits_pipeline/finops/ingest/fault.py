"""A fault in a file's content, as one exception that becomes a failed check."""

from credits_pipeline.finops.ingest.check import SHOWN, Check


class FileFault(Exception):  # noqa: N818 - a fault of the file's, told as a check
    """A delivered file can't be accepted as it is.

    Attributes:
        check: the statement of `CHECKS` that fails.
        cases: where.
        passes: the next delivery, or the rest of this one, may fix it.
    """

    def __init__(
        self,
        check: str,
        name: str,
        what: str,
        *,
        cases: list[str] | None = None,
        count: int | None = None,
        passes: bool = False,
    ) -> None:
        super().__init__(f"{name} {what}")
        self.check = check
        self.name = name
        self.what = what
        self.cases = cases or []
        self.count = count if count is not None else max(1, len(self.cases))
        self.passes = passes

    def as_check(self) -> Check:
        """The statement that it breaks."""
        waits = "nothing if it is still being delivered; otherwise " if self.passes else ""
        return Check(
            self.check,
            passed=False,
            says=(
                f"{self.name} {self.what}. The month keeps its current version. What to do: "
                f"{waits}have the provider deliver the month again, then ingest it."
            ),
            numbers={"faults": self.count, "file": self.name},
            cases=tuple(self.cases[:SHOWN]),
            passes=self.passes,
        )
