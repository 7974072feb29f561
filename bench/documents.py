"""The ZIP of a month's statements: a PDF and a CSV for each team, and one of each for all.

There are BENCH_TEAMS (500) teams, each with three accounts, four services and a share of support.
They are compared with typst alone, which prints as many PDFs of one table.
"""

import os
import tempfile
import time
from pathlib import Path

TEAMS = int(os.environ.get("BENCH_TEAMS", "500"))
_SERVICES = ("Machines", "Databases", "Object storage", "Networking")
_SAME = """#set text(font: "Noto Sans", size: 9pt)
#table(columns: 4, ..range(60).map(n => [row #n of NUMBER]))
"""


def main() -> None:
    import typst

    from credits_pipeline.finops.chargeback import documents
    from credits_pipeline.finops.chargeback.decided import Decided
    from credits_pipeline.finops.chargeback.fonts import typefaces
    from credits_pipeline.finops.chargeback.stating import Books, NothingClosed
    from credits_pipeline.finops.chargeback.view import View
    from credits_pipeline.finops.publish.published import open_current
    from credits_pipeline_tests.finops.chargeback.conftest import MAY
    from credits_pipeline_tests.finops.typed import Bills, row

    model = {
        "to": "team",
        "rules": [{"when": {"service": ["Support*"]}, "pool": "support"}, {"by": "team"}],
        "pools": [{"name": "support", "split": "proportional"}],
    }
    with tempfile.TemporaryDirectory() as folder:
        bills = Bills(Path(folder) / "wing")
        rows = [
            row(
                f"{1 + team % 97}.{team:03}",
                SubAccountId=f"{team:06}{account:06}",
                SubAccountName=f"team-{team}-{account}",
                ServiceName=service,
                tag_team=f"team-{team}",
            )
            for team in range(TEAMS)
            for account in range(3)
            for service in _SERVICES
        ]
        bills.put(
            "aws",
            "2026-05",
            [*rows, row("977.77", ServiceName="Support (business)", tag_team=None)],
        )
        bills.publish()
        published = open_current(bills.storage)
        assert published is not None
        begun = time.process_time()
        books = Books(
            published, Decided.read({"allocation_model": {"teams": model}}), NothingClosed()
        )
        view = View(books.statement(MAY, books.decided.model("teams")))
        stated = time.process_time() - begun
        typefaces()
        begun = time.process_time()
        made = documents.archive(view)
        ours = time.process_time() - begun
    faces = typefaces()
    compiler = typst.Compiler(font_paths=faces.fonts, ignore_system_fonts=True)
    begun = time.process_time()
    for number in range(TEAMS):
        # typst would reuse its result for the same text.
        text = _SAME.replace("NUMBER", str(number))
        compiler.compile(input=text.encode(), format="pdf", timestamp=0)
    bare = time.process_time() - begun
    print(f"{TEAMS} teams, {len(rows):,} lines: stated in {stated:.1f} s of processor time")
    print(f"  ZIP of {len(made) / 1e6:.1f} MB with {TEAMS + 1} PDFs and as many CSVs: {ours:.1f} s")
    print(f"  typst alone, {TEAMS} PDFs of one table: {bare:.1f} s; {ours / bare:.1f} times that")
