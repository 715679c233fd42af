"""The report of many series, in a real headless Chromium: the list, the map, the worst in full."""

from __future__ import annotations

import pytest

import detections
from amiss.report import render
from many_detections import many


@pytest.fixture(scope="module")
def two_hundred():
    return many()


def names(page):
    """Return the names of the lines that are shown."""
    return page.locator("#lines tbody tr:visible th").all_inner_texts()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_loads_nothing_and_breaks_nothing(visit, two_hundred, colours, settle):
    """No request, no message on the console, no breach of its own policy."""
    page = visit(two_hundred, colours=colours)
    page.mouse.wheel(0, 6000)
    settle(page)
    assert (page.faults, page.evaluate("window.__violations")) == ([], [])


def test_the_worst_come_first_and_all_are_there_on_demand(visit, two_hundred):
    """Twenty-four lines, then all; those not looked at stand at the end with their reason."""
    page = visit(two_hundred)
    shown = names(page)
    order = sorted(two_hundred.evidence.series, key=lambda one: (bool(one.failed), -one.worst))
    assert shown == [one.name for one in order[:24]]
    page.locator("#lines-more").click()
    assert names(page) == [one.name for one in order]
    assert "they hold no values" in page.locator("#lines tbody tr").last.inner_text()
    page.locator("#lines-more").click()
    assert names(page) == shown


def test_the_list_can_be_sorted_and_sifted(visit, two_hundred):
    """By name up and down, by a word, by whether there are events; it says how many are found."""
    page = visit(two_hundred)
    page.locator("[data-by=name]").click()
    assert names(page)[:2] == ["host web000, metric cpu", "host web001, metric disk"]
    assert page.locator("th:has([data-by=name])").get_attribute("aria-sort") == "ascending"
    page.locator("[data-by=name]").click()
    assert names(page)[0] == "host web199, metric disk"
    page.locator("#find").fill("web01 disk")
    assert names(page) == [f"host web01{i}, metric disk" for i in (9, 7, 5, 3, 1)]
    assert page.locator("#found").inner_text() == "5 of 202 series"
    page.locator("#find").fill("")
    page.locator("#which").select_option("odd")
    assert page.locator("#found").inner_text() == "56 of 202 series"
    page.locator("#which").select_option("failed")
    assert names(page) == ["host gone1", "host gone0"]


def test_a_line_opens_its_series_in_full(visit, two_hundred, settle):
    """With the mouse, with the keyboard, from the list of events and by the choice above the chart."""
    page = visit(two_hundred)
    second = page.locator("#lines .open").nth(1)
    second.click()
    settle(page)
    choice = page.locator("#detail")
    assert choice.input_value() == "1"
    assert page.locator("#plot canvas").count() >= 2
    third = page.locator("#lines .open").nth(2)
    third.focus()
    page.keyboard.press("Enter")
    settle(page)
    assert choice.input_value() == "2"
    choice.select_option("5")
    settle(page)
    event = page.locator("[data-event]").first
    event.click()
    settle(page)
    assert choice.input_value() == event.get_attribute("data-chart") == "0"
    assert not page.locator("#range").inner_text().startswith("All")
    page.locator("#plot").focus()
    page.keyboard.press("0")
    settle(page)
    assert page.locator("#range").inner_text() == "All: 2026-01-01 00:00 to 2026-01-20 23:00"
    assert page.faults == []


def test_the_map_shows_where_it_is_hot(visit, two_hundred, settle):
    """The event of the first eight is dark, a quiet place is pale, and what lies under the mouse is told."""
    page = visit(two_hundred)
    dark = """([x, y]) => {
      const map = document.getElementById('map'), pen = map.getContext('2d');
      const [r, g, b] = pen.getImageData(Math.round(x * map.width), Math.round(y * map.height), 1, 1).data;
      return r + g + b;
    }"""
    hot, quiet = page.evaluate(dark, [302.5 / 479, 2 / 202]), page.evaluate(dark, [0.1, 3.5 / 202])
    assert hot < quiet - 100
    box = page.locator("#map").bounding_box()
    page.locator("#map").hover(position={"x": box["width"] * 302.5 / 479, "y": box["height"] * 0.5 / 202})
    assert page.locator("#map-words").inner_text().startswith("host web000, metric cpu · 2026-01-13 ")


def test_what_broke_together_is_told(visit, two_hundred):
    """When, how many, which."""
    page = visit(two_hundred)
    told = page.locator(".together li").first.inner_text()
    assert told.startswith("2026-01-13 12:00 to 2026-01-14 05:00 10 series high")
    assert "host web000, metric cpu" in told


def test_hostile_names_do_nothing(visit):
    """Markup, control characters, direction marks and half pairs in names of series stay texts."""
    hostile = [*detections.HOSTILE, *(f"{text} {i}" for i in range(3) for text in detections.HOSTILE)]
    page = visit(many(len(hostile), names=hostile), title=detections.HOSTILE[0])
    page.locator("#lines .open").nth(3).click()
    page.locator("#map").hover()
    assert page.evaluate("window.__hit") is None
    assert (page.faults, page.evaluate("window.__violations")) == ([], [])
    assert page.locator("#lines img, .together img, select img").count() == 0


def test_it_is_small_however_many_there_are():
    """A thousand series of thousands of points: at most 3 MB; what is not there in full is told."""
    text = render(many(1_000, 2_000))
    assert len(text.encode()) < 3_000_000
    assert "The worst 40 of 1,000 series are here in full." in text


def test_names_landmarks_headings_and_captions(visit, two_hundred, script):
    """Every control has a name, every table a caption, headings follow one another, links lead somewhere."""
    assert visit(two_hundred, command="amiss detect x.csv").evaluate(script("accessible.js")) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_texts_stand_out_from_their_ground(visit, two_hundred, colours, script):
    """Every text has a contrast of at least 4.5 to 1 (WCAG 2 level AA), in light and dark."""
    assert visit(two_hundred, colours=colours).evaluate(script("contrast.js")) == []


def test_a_narrow_window_needs_no_sideways_scrolling(visit, two_hundred):
    """At 400 pixels the page is as wide as the window."""
    assert visit(two_hundred, width=400).evaluate("document.documentElement.scrollWidth") == 400


def test_printed_every_series_is_there(visit, two_hundred):
    """On paper nothing is folded."""
    page = visit(two_hundred)
    page.emulate_media(media="print")
    assert page.locator("#lines tbody tr:visible").count() == 202
    assert page.locator("#sift:visible, button:visible").count() == 0
