"""The report for everyone: colours, print, narrow windows, keys, screen readers."""

from __future__ import annotations

import pytest

import detections


def _background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def _brightness(page, script):
    """Return the mean brightness of what the first panel shows, 0 to 255."""
    return page.evaluate(script("brightness.js"))


@pytest.mark.parametrize("kind", detections.KINDS)
def test_colours_follow_the_system_and_can_be_chosen(visit, kind, settle, script):
    """Dark where the system is dark; the button turns it over and says its state."""
    page = visit(detections.KINDS[kind](), colours="dark")
    dark = _background(page)
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    drawn = _brightness(page, script) if kind == "series" else None
    page.locator("#theme").click()
    settle(page)
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    assert _background(page) != dark
    if kind == "series":
        assert _brightness(page, script) != drawn, "the chart is drawn anew in the new colours"
    page.reload()
    assert _background(page) != dark, "the choice is kept"


@pytest.mark.parametrize("kind", detections.KINDS)
def test_printed_it_is_light_and_whole(visit, kind):
    """On paper: light colours, no buttons, every listed anomaly."""
    found = detections.KINDS[kind]()
    page = visit(found, colours="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert _background(page) == "rgb(255, 255, 255)"
    assert page.locator("button:visible, nav:visible").count() == 0
    assert page.locator("tr.what:visible").count() == min(len(found), 100)


@pytest.mark.parametrize("kind", detections.KINDS)
def test_a_narrow_window_needs_no_sideways_scrolling(visit, kind):
    """At 400 pixels the page is as wide as the window; only wide tables scroll in their frame."""
    page = visit(detections.KINDS[kind](), width=400)
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_a_long_list_is_folded(visit):
    """Twelve anomalies are shown at once, all of them on demand."""
    page = visit(detections.serials(2_000, 30))
    assert page.locator("tr.what:visible").count() == 12
    page.locator("#more").click()
    assert (
        page.locator("tr.what:visible").count(),
        page.locator("#more").get_attribute("aria-expanded"),
    ) == (30, "true")


@pytest.mark.parametrize("kind", detections.KINDS)
def test_names_landmarks_headings_and_captions(visit, kind, script):
    """Every control has a name, every table a caption, headings follow one another, links lead somewhere."""
    assert (
        visit(detections.KINDS[kind](), command="amiss detect x.csv").evaluate(script("accessible.js")) == []
    )


@pytest.mark.parametrize("kind", detections.KINDS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_texts_stand_out_from_their_ground(visit, kind, colours, script):
    """Every text has a contrast of at least 4.5 to 1 (WCAG 2 level AA), in light and dark."""
    found = detections.hostile("table") if kind == "table" else detections.KINDS[kind]()
    assert visit(found, colours=colours, command="amiss").evaluate(script("contrast.js")) == []


@pytest.mark.parametrize("kind", detections.KINDS)
def test_the_tab_key_goes_through_the_page_in_reading_order(visit, kind):
    """First the way past the bar, then every visible control once, from top to bottom."""
    page = visit(detections.KINDS[kind](), command="amiss detect x.csv")
    page.evaluate(
        "() => [...document.querySelectorAll(\"a[href], button, summary, [tabindex='0']\")]"
        ".filter((e) => e.checkVisibility()).forEach((e, i) => { e.dataset.order = i; })"
    )
    wanted = page.locator("[data-order]").count()
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.dataset.order"))
    assert seen == [str(i) for i in range(wanted)]


def test_the_skip_link_leads_into_the_report(visit):
    """The first Tab shows the link past the bar; Enter moves on to the report."""
    page = visit(detections.KINDS["table"]())
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["x"] > 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
