"""How commands speak: answers on standard output, everything else on standard error.

On a terminal in colour and with what is being done at the moment; in a pipe plain, and never cut.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
#: Wider than any table of ours, so that nothing is folded where a program reads.
_PIPE_WIDTH = 1000


def answers() -> "Console":
    """Where answers are printed."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        color_system=None,
        width=_PIPE_WIDTH,
    )


def print_json(value: Any) -> None:
    """Print an answer for programs."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence["str | Text"]],
    *,
    right: Sequence[str] = (),
    folds: Sequence[str] = (),
) -> None:
    """Print rows under their heads.

    Args:
        heads: one for each column.
        rows: their cells.
        right: heads of columns that are aligned to the right, such as dollars.
        folds: heads of columns that may take several lines where the terminal is narrow.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    console = answers()
    on_terminal = console.is_terminal
    table = Table(
        box=box.SIMPLE_HEAD if on_terminal else None,
        # The box has a column of its own between two cells.
        padding=(0, 1 if on_terminal else 2, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
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
    # Wider than the terminal rather than with a digit of an amount cut off.
    wide = console.options.update(max_width=_PIPE_WIDTH)
    least = Measurement.get(console, wide, table).minimum
    if least > console.width:
        table.width = least
    console.print(table, crop=False)


def print_markdown(text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is in a pipe."""
    console = answers()
    if not console.is_terminal:
        typer.echo(text)
        return
    from rich.markdown import Markdown

    console.print(Markdown(text))


def say(text: str) -> None:
    """Tell people something beside the answer."""
    typer.echo(text, err=True)


def fail(text: str, code: int) -> NoReturn:
    """End the command with its reason.

    Raises:
        Exit: always.
    """
    typer.secho(text, err=True, fg="red")
    raise typer.Exit(code)


@contextmanager
def doing(text: str, console: "Console | None" = None) -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs, on a terminal only.

    Args:
        text: what is being done at first.
        console: where the block prints meanwhile, so that both share the terminal's last line.

    Yields:
        Says what is being done now.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    if console is None or not console.is_terminal:
        console = Console(stderr=True)
    with console.status(Text(text)) as status:
        yield lambda now: status.update(Text(now))
