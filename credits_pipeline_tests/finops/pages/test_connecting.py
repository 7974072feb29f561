"""Which places a person may connect on the pages."""

import pytest

from credits_pipeline.finops.pages.connecting import why_no_folder
from credits_pipeline.finops.pages.person import Person, Role

FOLDERS = ["/etc", "/work", "relative/folder", " /proc/self ", "../elsewhere", "~/bills"]
PLACES = ["s3://bills/exports", "az://bills", "gs://bills/focus"]


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_PROXY_SECRET", "the proxy alone knows")
    monkeypatch.setenv("FINOPS_ROLES", "finance=admin,everyone=editor")


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("place", [*FOLDERS, *PLACES])
def test_behind_a_proxy_a_folder_of_the_server_is_an_admin_s_to_connect(
    place: str, role: Role
) -> None:
    refused = why_no_folder(place, Person("ann", role))
    assert bool(refused) == (place in FOLDERS and role is not Role.ADMIN)
    assert not refused or "What to do" in refused


@pytest.mark.parametrize("place", FOLDERS)
def test_on_one_s_own_machine_a_folder_is_one_s_own(place: str) -> None:
    assert why_no_folder(place, Person("local user", Role.ADMIN)) == ""
