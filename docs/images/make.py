"""Make the pictures of the README: reports of the data sets that ship with amiss, as a browser shows them.

Run from the root of the repository, with Chromium and the extras plot and test installed::

    python docs/images/make.py [folder for the reports]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from amiss import datasets

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
COLOURS = 200
LARGEST = 150_000
# picture: data set, colours, the element at its top (None: the page), width and height
PICTURES = {
    "report-table.png": ("airports", "light", None, 1200, 960),
    "report-rows.png": ("airports", "light", "#rows", 1200, 640),
    "report-series.png": ("el_nino", "light", "#chart", 1200, 720),
    "report-series-dark.png": ("el_nino", "dark", "#chart", 1200, 720),
    "report-strings.png": ("icao_codes", "light", None, 1200, 760),
}


def main() -> None:
    """Write the reports, then a picture of each."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    reports = {name: report(name, folder) for name in sorted({picture[0] for picture in PICTURES.values()})}
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        for picture, (name, colours, top, width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
            page.goto(reports[name].as_uri())
            shoot(page, top, HERE / picture)
            page.close()
        browser.close()


def report(name: str, folder: Path) -> Path:
    """Return the report of a data set that ships, written by the command a user would type."""
    path = folder / f"{name}.html"
    data = datasets.describe(name).path
    command = [sys.executable, "-m", "amiss", "detect", data.name, "-o", str(path)]
    ended = subprocess.run(command, cwd=data.parent, check=False, stdout=subprocess.DEVNULL)
    if ended.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}")
    return path


def shoot(page: Page, top: str | None, path: Path) -> None:
    """Write the picture of the window with ``top`` at its top, in few colours so that it stays small."""
    if top:
        page.evaluate(
            "(top) => scrollBy(0, document.querySelector(top).getBoundingClientRect().top - 84)", top
        )
    page.wait_for_timeout(600)
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    ).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    if size > LARGEST:
        sys.exit(f"{path} takes {size:,} bytes; at most {LARGEST:,} are meant to be. Show less of the page.")


if __name__ == "__main__":
    main()
