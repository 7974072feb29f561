"""How commands print: answers on standard output, everything else on standard error.

On a terminal they use colour and show progress; in a pipe they are plain, and never cut.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from credits_pipeline.text import Markdown, Outside
from credits_pipeline.text.characters import in_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.markdown import Markdown as RichMarkdown
    from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
#: Wider than any of our tables, so that nothing is folded where a program reads.
_PIPE_WIDTH = 1000
#: More of one text is not printed.
_LONGEST = 200_000


class Answers:
    """Prints answers; no control character of a text ever reaches the terminal."""

    def __init__(self, console: "Console") -> None:
        self.console = console

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks."""
        return self.console.is_terminal

    def print(self, *pieces: str | tuple[str, str]) -> None:
        """Print one line, or several if a text has several.

        Args:
            pieces: texts, each alone or with its style.
        """
        self.console.print(_styled(*pieces))


def answers() -> Answers:
    """Standard output."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Answers(Console(highlight=False, markup=False, emoji=False))
    return Answers(
        Console(
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=True,
            color_system=None,
            width=_PIPE_WIDTH,
        )
    )


def _styled(*pieces: str | tuple[str, str]) -> "Text":
    from rich.text import Text

    shown = Text()
    for piece in pieces:
        text, style = (piece, "") if isinstance(piece, str) else piece
        shown.append(Outside(text).lines(_LONGEST), style)
    return shown


def echo(text: str) -> None:
    """Print an answer without layout or folding."""
    typer.echo(Outside(text).lines(_LONGEST))


def print_file(text: str) -> None:
    """Print the content of a file unchanged; on a terminal without what would act there."""
    if sys.stdout.isatty():
        typer.echo(Outside(text).lines(_LONGEST))
    else:
        sys.stdout.write(text)


def print_json(value: Any) -> None:
    """Print an answer for programs; harmless on a terminal too."""
    sys.stdout.write(in_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence["str | Text"]],
    *,
    right: Sequence[str] = (),
    folds: Sequence[str] = (),
) -> None:
    """Print rows under their headings.

    Args:
        heads: one for each column.
        rows: their cells.
        right: headings of columns that are aligned to the right, such as dollars.
        folds: headings of columns that may take several lines on a narrow terminal.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    console = answers().console
    on_terminal = console.is_terminal
    table = Table(
        box=box.SIMPLE_HEAD if on_terminal else None,
        # The box adds a column between two cells.
        padding=(0, 1 if on_terminal else 2, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    cells = [
        [cell if isinstance(cell, Text) else Text(Outside(cell).line()) for cell in row]
        for row in rows
    ]
    for number, head in enumerate(heads):
        whole = max(map(cell_len, [head, *(row[number].plain for row in cells)]))
        table.add_column(
            head,
            justify="right" if head in right else "left",
            overflow="fold",
            min_width=None if head in folds else whole,
        )
    for row in cells:
        table.add_row(*row)
    # Rather wider than the terminal than with a digit of an amount cut off.
    wide = console.options.update(max_width=_PIPE_WIDTH)
    least = Measurement.get(console, wide, table).minimum
    if least > console.width:
        table.width = least
    console.print(table, crop=False)


def print_markdown(markdown: Markdown, *, laid_out: bool = False) -> None:
    """Print Markdown: rendered on a terminal, or on request; otherwise as it is."""
    console = answers().console
    if not console.is_terminal and not laid_out:
        typer.echo(markdown.text)
        return
    shown = _laid_out(markdown.text)
    if console.is_terminal:
        console.print(shown, soft_wrap=False, crop=False)
        return
    with console.capture() as captured:
        console.print(shown, soft_wrap=False, crop=False)
    # Headings and cells are filled with blanks up to the width, which no pipe has.
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _laid_out(text: str) -> "RichMarkdown":
    """Markdown for a terminal of any width: what is to be pasted keeps its lines."""
    from rich.markdown import CodeBlock
    from rich.markdown import Markdown as LaidOut
    from rich.text import Text

    class Whole(CodeBlock):
        def __rich_console__(self, *_: object) -> Iterator[Text]:
            # The terminal itself folds a long line, and what is copied there is one line.
            yield Text(str(self.text).rstrip(), no_wrap=True, overflow="ignore")

    class Page(LaidOut):
        elements = {**LaidOut.elements, "fence": Whole}  # noqa: RUF012 - as rich declares it

    # Text that looks like a link must not become one that a terminal opens.
    return Page(text, hyperlinks=False)


def say(text: str, colour: str | None = None) -> None:
    """Print something for people beside the answer."""
    typer.secho(Outside(text).lines(_LONGEST), err=True, fg=colour)


def agrees(question: str) -> bool:
    """Ask a person."""
    return typer.confirm(Outside(question).line(), err=True)


def fail(text: str, code: int) -> NoReturn:
    """End the command with its reason.

    Raises:
        Exit: always.
    """
    say(text, "red")
    raise typer.Exit(code)


@contextmanager
def doing(text: str, shared: Answers | None = None) -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs, on a terminal only.

    Args:
        text: what is being done at first.
        shared: where the block prints meanwhile, so that both share the terminal's last line.

    Yields:
        A function that changes the text.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = shared.console if shared and shared.is_terminal else Console(stderr=True)
    with console.status(_styled(text)) as status:
        yield lambda now: status.update(_styled(now))
