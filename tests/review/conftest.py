"""Desks and browsers for the tests of the review desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.review.office import CHROMIUM, Office

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def office(registry: Path) -> Office:
    """A desk over a copy of the demo registry, for one test to change."""
    return Office.at(registry)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser, started once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without a sandbox of its own where the tests run as root in a container.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
