"""The package in a company's project: built as a wheel, installed beside the company's packages.

`visit` tests what else ``dg`` says about the project, with the oldest and the newest Dagster.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from credits_pipeline_tests.guest.environment import Guest, here, make
from credits_pipeline_tests.guest.visit import (
    Company,
    commands_work_for_the_stream_that_is_named,
    company,
    it_comes_up,
    months_run,
)

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    return make(tmp_path_factory.mktemp("guest"))


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Company]:
    with company(tmp_path) as found:
        yield found


def test_two_streams_are_at_home_in_a_company_s_project(guest: Guest, at: Company) -> None:
    months_run(guest, at)
    commands_work_for_the_stream_that_is_named(guest, at)


def test_dg_dev_serves_the_project_and_greets_nobody_with_a_warning(
    tmp_path: Path, at: Company
) -> None:
    it_comes_up(here(tmp_path), at)
