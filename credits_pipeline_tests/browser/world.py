"""One wing with bills of three clouds and a scan, behind one server with four users."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page

from credits_pipeline.finops.governance import governing
from credits_pipeline.finops.governance.opening import decided
from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline.finops.settings import tag_keys
from credits_pipeline_tests.browser.serving import SECRET, Gate, Server
from credits_pipeline_tests.finops.pages.conftest import TODAY, three_clouds
from credits_pipeline_tests.finops.pages.test_optimization_page import scan
from credits_pipeline_tests.finops.typed import Bills, row

#: The pages' address for people.
ADDRESS = "https://spend.example.com"
PEOPLE = {"ann": "admins", "ben": "editors", "vic": "viewers", "lea": "leads"}


@dataclass
class World:
    """One wing behind one server, and its users."""

    bills: Bills
    urls: dict[str, str]
    open: Callable[[str], Page] = field(default=lambda _: None)  # type: ignore[assignment,return-value]

    @property
    def published(self) -> Published:
        """The version that counts."""
        found = open_current(self.bills.storage)
        assert found is not None
        return found

    def govern(self) -> None:
        """Evaluate the stored decisions."""
        published = self.published
        governing.run(published.depot, published, decided().policies.enabled, tag_keys())


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """The wing with its server and its proxy until the block ends."""
    bills = Bills(folder / "finops")
    three_clouds(bills)
    bills.put("aws", f"{TODAY:%Y-%m}", [row("60", charge_date=f"{TODAY:%Y-%m}-01")],
              complete_through=TODAY)  # fmt: skip
    bills.publish()
    told = {
        "FINOPS_PROXY_SECRET": SECRET,
        "FINOPS_ROLES": "admins=admin,editors=editor,viewers=viewer,leads=editor",
        "FINOPS_TEAMS": "leads=search",
        "FINOPS_PAGES_URL": ADDRESS,
    }
    with pytest.MonkeyPatch.context() as patch:
        decide_there(bills, patch)
        scan(bills.storage)
    with (
        Server(folder, bills.storage, **told) as server,
        Gate(folder, server.url, PEOPLE) as gate,
    ):
        yield World(bills, gate.urls)


def decide_there(bills: Bills, patch: pytest.MonkeyPatch) -> None:
    """Make this process read and write people's decisions where the pages do."""
    patch.setenv("FINOPS_STORAGE", str(bills.storage))
    patch.delenv("FINOPS_DATABASE_URL", raising=False)
