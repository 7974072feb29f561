"""Draws the documents' pictures that are no screenshots: the way of a file, and the rooms.

Run as a script it draws them in ``docs/images``; a test compares them. The rooms and their imports
come from the code.
"""

from html import escape
from pathlib import Path

from credits_pipeline_tests.docs.pages import ROOT
from credits_pipeline_tests.test_architecture import MAY_IMPORT, imports, room_of

FOLDER = ROOT / "docs" / "images"
INK, SOFT, LINE, PAPER = "#1f2937", "#6b7280", "#94a3b8", "#ffffff"
#: A box's fill and its edge.
PLAIN, GREEN, AMBER, RED = (
    ("#f8fafc", "#64748b"),
    ("#ecfdf5", "#059669"),
    ("#fffbeb", "#d97706"),
    ("#fef2f2", "#dc2626"),
)
#: What a month's run does, and how it ends if it does not continue.
ASSETS = [
    ("raw_credits_csv", ["the file as it lies in S3 now, byte for byte"]),
    (
        "credits",
        [
            "one row per account in exact dollars, and the findings:",
            "ledger, unreadable rows, repetitions, signs, control totals",
        ],
    ),
    ("cbf_payload", ["the same credits as CloudZero's rows; no network"]),
]
DROP = [
    ("is this version still the one in S3?", "no", "superseded", PLAIN),
    ("which accounts does CloudZero know?", "not all", "the others are left out", AMBER),
    ("what does it hold for the month?", "the same", "unchanged: nothing is sent", GREEN),
    ("what would change?", "too much", "held: a person looks", RED),
    ("does it find the rows valid?", "no", "blocked: nothing is sent", RED),
    ("send", "it breaks off", "incomplete: send again", RED),
    ("read the month back, compare every row", "not equal", "incomplete: send again", RED),
]


def text(x: float, y: float, words: str, **style: str | float) -> str:
    """A line of text, vertically centred."""
    look = {"fill": INK, "font-size": 14, "dominant-baseline": "central", **style}
    told = " ".join(f'{name}="{value}"' for name, value in look.items())
    return f'<text x="{x:g}" y="{y:g}" {told}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, colours: tuple[str, str] = PLAIN) -> str:
    """A box with round corners."""
    fill, edge = colours
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" '
        f'fill="{fill}" stroke="{edge}"/>'
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """An arrow."""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{LINE}" '
        'stroke-width="1.5" marker-end="url(#point)"/>'
    )


def picture(width: float, height: float, title: str, parts: list[str]) -> str:
    """A whole picture, on white so that it can be read on a dark page too."""
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
                f'width="{width:g}" height="{height:g}" role="img" '
                'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">'
            ),
            f"<title>{escape(title)}</title>",
            (
                '<defs><marker id="point" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
                f'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker>'
                "</defs>"
            ),
            f'<rect width="{width:g}" height="{height:g}" rx="12" fill="{PAPER}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def way_of_a_file() -> str:
    """From the bucket to the receipt, with every way in which a month may end."""
    left, wide, exits, exit_wide = 24.0, 470.0, 620.0, 256.0
    middle, gap, y = left + wide / 2, 30.0, 24.0
    bold = {"font-weight": "600"}
    parts = [box(left, y, wide, 40), text(left + 16, y + 20, "s3://…/credits-2025-01.csv", **bold)]
    parts.append(arrow(middle, y + 40, middle, y + 40 + gap + 8))
    said = "sensor credits_files: one run for each new version"
    parts.append(text(middle + 12, y + 58, said, fill=SOFT, **{"font-size": 12}))
    y += 40 + gap + 10
    for name, lines in ASSETS:
        height = 34.0 + 20 * len(lines)
        parts += [box(left, y, wide, height), text(left + 16, y + 18, name, **bold)]
        parts += [
            text(left + 16, y + 40 + 20 * at, words, fill=SOFT) for at, words in enumerate(lines)
        ]
        if name == "credits":
            parts += [
                arrow(left + wide, y + height / 2, exits - 2, y + height / 2),
                text(left + wide + 8, y + height / 2 - 12, "a check is red", **{"font-size": 12}),
                box(exits, y + 4, exit_wide, height - 8, RED),
                text(exits + 12, y + 23, "blocked: nothing is sent", **bold),
                text(exits + 12, y + 42, "a person uploads a corrected", fill=SOFT),
                text(exits + 12, y + 58, "file, or decides", fill=SOFT),
            ]
        y += height
        parts.append(arrow(middle, y, middle, y + gap - 2))
        y += gap
    height = 40.0 + 36 * len(DROP)
    parts += [box(left, y, wide, height), text(left + 16, y + 20, "cloudzero_drop", **bold)]
    parts.append(text(left + 142, y + 20, "one at a time, under the stream's lock", fill=SOFT))
    for at, (asked, answer, end, colours) in enumerate(DROP):
        row = y + 56 + 36 * at
        parts += [
            text(left + 16, row, f"{at + 1}", fill=SOFT),
            text(left + 38, row, asked),
            arrow(left + wide, row, exits - 2, row),
            text(left + wide + 8, row - 10, answer, **{"font-size": 12}),
            box(exits, row - 14, exit_wide, 28, colours),
            text(exits + 12, row, end),
        ]
    y += height
    parts += [
        arrow(middle, y, middle, y + gap - 2),
        box(left, y + gap, wide, 40, GREEN),
        text(left + 16, y + gap + 20, "the receipt", **bold),
        text(left + 110, y + gap + 20, "what CloudZero holds, and the proof", fill=SOFT),
    ]
    return picture(900, y + gap + 64, "The way of a file, from the bucket to the receipt", parts)


def storeys() -> list[list[str]]:
    """The rooms from the ground up: each stands above everything that it imports."""
    below: dict[str, set[str]] = {room: set() for room in MAY_IMPORT}
    for _, room, module in imports():
        package, _, rest = module.partition(".")
        if package == "credits_pipeline" and room in below:
            below[room] |= {room_of(rest.split("."))} & below.keys() - {room}

    def storey(room: str) -> int:
        return 1 + max(map(storey, below[room]), default=-1)

    found: list[list[str]] = [[] for _ in range(1 + max(map(storey, below)))]
    for room in below:
        found[storey(room)].append(room)
    return found


def rooms() -> str:
    """The rooms in storeys; imports point down."""
    wide, high, gap, left = 150.0, 40.0, 16.0, 110.0
    house = storeys()
    width = left + max(map(len, house)) * (wide + gap) + 24
    floor = 24 + len(house) * (high + gap)
    parts = [
        text(24, floor / 2 + 4, "imports", fill=SOFT),
        arrow(88, 28, 88, floor - gap),
    ]
    for at, level in enumerate(reversed(house)):
        y = 24 + at * (high + gap)
        start = left + (width - 24 - left - len(level) * (wide + gap) + gap) / 2
        for number, room in enumerate(level):
            x = start + number * (wide + gap)
            parts.append(box(x, y, wide, high))
            parts.append(text(x + wide / 2, y + high / 2, room, **{"text-anchor": "middle"}))
    return picture(width, floor + 24 - gap, "The rooms: imports run down", parts)


PICTURES = {"way-of-a-file.svg": way_of_a_file, "rooms.svg": rooms}


def draw(folder: Path = FOLDER) -> None:
    """Write the pictures."""
    for name, drawn in PICTURES.items():
        (folder / name).write_text(drawn())


if __name__ == "__main__":
    draw()
