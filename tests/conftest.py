"""A real headless Chromium for the tests of pages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from amiss.report import write_report

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_WATCH = """
window.__violations = [];
addEventListener('securitypolicyviolation', (event) => window.__violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: the one $CHROMIUM names, else the system's."""
    names = (
        [os.environ["CHROMIUM"]]
        if "CHROMIUM" in os.environ
        else ["chromium", "chromium-browser", "google-chrome"]
    )
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(
            f"Chromium is not here (looked for {', '.join(names)}), and the tests of the report need it. "
            "Install it (Debian: apt-get install chromium) or name it in the environment variable CHROMIUM."
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open the report of a detection; what goes wrong in the browser is kept in ``page.faults``."""
    contexts = []
    path = tmp_path / "report.html"

    def open_report(detection, *, width=1280, colours="light", **options):
        write_report(detection, path, **options)
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=colours))
        page = contexts[-1].new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("dialog", lambda dialog: page.faults.append(dialog.message))
        page.on(
            "request",
            lambda request: request.url in (path.as_uri(), "data:,") or page.faults.append(request.url),
        )
        page.add_init_script(_WATCH)
        page.goto(path.as_uri())
        settle(page)
        return page

    yield open_report
    for context in contexts:
        context.close()


def settle(page):
    """Wait until the browser has drawn twice."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture(name="settle")
def settle_fixture():
    """Wait until the browser has drawn what was asked for."""
    return settle


@pytest.fixture
def script():
    """Return the text of a script that lies beside the tests."""
    return lambda name: (Path(__file__).parent / name).read_text("utf-8")
