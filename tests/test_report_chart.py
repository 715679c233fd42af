"""The chart of a series, in a real headless Chromium: mouse, keys, buttons, and what it says."""

from __future__ import annotations

import dataclasses

import pytest

import detections

_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _view(page):
    page.evaluate(_DRAWN)
    return tuple(
        page.evaluate("() => { const d = document.getElementById('plot').dataset; return [+d.min, +d.max]; }")
    )


def _width(page):
    low, high = _view(page)
    return high - low


def _plotted(page):
    """Return the place and size of the first panel's plotting area."""
    page.locator(".u-over").first.scroll_into_view_if_needed()
    return page.locator(".u-over").first.bounding_box()


@pytest.fixture(scope="module")
def long_series():
    """A detection on 100,000 points."""
    return detections.rooms(100_000, 2, 5)


@pytest.fixture
def chart(visit, long_series):
    """The report of a series of 100,000 points."""
    return visit(long_series)


def test_dragging_zooms(chart):
    """Drawing a range with the mouse shows that range."""
    low, high = _view(chart)
    box = _plotted(chart)
    y = box["y"] + box["height"] / 2
    chart.mouse.move(box["x"] + box["width"] * 0.25, y)
    chart.mouse.down()
    chart.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    chart.mouse.up()
    new = _view(chart)
    assert new == pytest.approx((low + (high - low) / 4, low + (high - low) / 2), abs=(high - low) / 300)


def test_the_wheel_zooms_once_the_chart_is_selected(chart):
    """The wheel scrolls the page until the chart is clicked, then it zooms about the pointer."""
    full = _view(chart)
    whole = full[1] - full[0]
    box = _plotted(chart)
    chart.mouse.move(box["x"] + 40, box["y"] + 40)
    chart.mouse.wheel(0, 10)
    assert _width(chart) == whole
    chart.locator("#plot").focus()
    chart.mouse.wheel(0, -300)
    chart.wait_for_function("(limit) => plot.dataset.max - plot.dataset.min < limit", arg=0.8 * whole)
    low, high = _view(chart)
    assert low - full[0] < (full[1] - high) / 4, "zoomed about the pointer, which is near the left end"


def test_shift_and_drag_moves(chart):
    """With Shift held, dragging moves the view and keeps its width."""
    chart.locator("[data-do=in]").click()
    low, high = _view(chart)
    box = _plotted(chart)
    chart.keyboard.down("Shift")
    chart.mouse.move(box["x"] + 300, box["y"] + 40)
    chart.mouse.down()
    chart.mouse.move(box["x"] + 200, box["y"] + 40, steps=5)
    chart.mouse.up()
    chart.keyboard.up("Shift")
    by = (high - low) * 100 / box["width"]
    assert _view(chart) == pytest.approx((low + by, high + by), rel=1e-6)


def test_keys_zoom_move_and_reset(chart):
    """Each key does what the page says it does."""
    low, high = whole = _view(chart)
    chart.locator("#plot").focus()
    chart.keyboard.press("+")
    assert _width(chart) == pytest.approx((high - low) / 2)
    before = _view(chart)
    chart.keyboard.press("ArrowRight")
    assert _view(chart)[0] > before[0]
    chart.keyboard.press("ArrowLeft")
    assert _view(chart) == pytest.approx(before)
    chart.keyboard.press("-")
    assert _view(chart) == pytest.approx(whole)
    chart.keyboard.press("n")
    first = _view(chart)
    chart.keyboard.press("n")
    assert first[1] < _view(chart)[1]
    chart.keyboard.press("p")
    assert _view(chart) == pytest.approx(first)
    chart.keyboard.press("0")
    assert _view(chart) == pytest.approx(whole)


def test_the_view_ends_where_the_series_ends(chart):
    """Nobody moves or zooms out of the series."""
    whole = _view(chart)
    for act in ("left", "out", "in", "left", "left", "left"):
        chart.locator(f"[data-do={act}]").click()
    assert _view(chart)[0] == whole[0]


def test_every_event_can_be_shown_from_the_list(chart):
    """The button beside an event zooms to it and selects the chart."""
    events = chart.evaluate("JSON.parse(document.getElementById('data').textContent).events")
    for i, (start, end, _, _, _, kind) in enumerate(events):
        assert kind in ("spike", "dip")
        chart.locator(f"[data-event='{i}']").click()
        low, high = _view(chart)
        assert low < start <= end < high
        assert high - low == pytest.approx(end - start + 2 * max(2 * (end - start), 40 * 60))
    assert chart.evaluate("document.activeElement.id") == "plot"


def test_a_click_on_an_event_zooms_to_it(chart):
    """A shaded stretch is a way to a closer look."""
    low, high = _view(chart)
    start, end, *_ = chart.evaluate("JSON.parse(document.getElementById('data').textContent).events[0]")
    box = _plotted(chart)
    chart.mouse.click(box["x"] + box["width"] * ((start + end) / 2 - low) / (high - low), box["y"] + 20)
    new = _view(chart)
    assert new[0] < start <= end < new[1]
    assert new[1] - new[0] < (high - low) / 20


def test_the_strip_moves_the_view(chart):
    """Pressing on the strip brings the view there."""
    chart.locator("[data-do=in]").click()
    chart.locator("[data-do=in]").click()
    before = _width(chart)
    chart.locator("#overview").scroll_into_view_if_needed()
    box = chart.locator("#overview").bounding_box()
    chart.mouse.click(box["x"] + box["width"] - 12, box["y"] + 20)
    low, high = _view(chart)
    assert high == chart.evaluate("JSON.parse(document.getElementById('data').textContent).overview.x.at(-1)")
    assert high - low == pytest.approx(before)


def test_zoomed_in_every_point_about_an_event_is_there(chart, long_series, settle):
    """What is read off the chart near an event is what was measured."""
    found, page = long_series, chart
    event = found.anomalies[0]
    page.locator("[data-event='0']").click()
    settle(page)
    box = _plotted(page)
    low, high = _view(page)
    origin = page.evaluate("JSON.parse(document.getElementById('data').textContent).clock.start")
    at = event.start + (event.end - event.start) // 2
    x = (origin + 60 * at - low) / (high - low)
    page.mouse.move(box["x"] + box["width"] * x, box["y"] + 30)
    settle(page)
    words = page.locator(".panel").first.locator(".now").inner_text()
    channel = found.evidence.channels.index(page.locator(".panel .name").first.inner_text())
    assert words.startswith(found.evidence.times[at][:16].replace("T", " "))
    assert f"{found.evidence.values[at, channel]:.4g}" in words


def test_the_view_is_told_to_screen_readers(chart):
    """A change of the view is announced with its range and its events."""
    chart.locator("[data-do=next]").click()
    chart.wait_for_function(
        "() => /^Showing .* to .*, [1-9]\\d* events?\\.$/.test(document.getElementById('said').textContent)"
    )


def test_local_time_is_shown(visit):
    """A time with an offset is shown as the clock at the source showed it, across a change of the clock."""
    found = detections.rooms(48, 1, 1)
    hours = [f"2026-03-28T{h:02d}:00:00+01:00" for h in range(24)]
    hours += [f"2026-03-29T{h:02d}:00:00+{'01' if h < 2 else '02'}:00" for h in range(25) if h != 2][:24]
    hours = [h.replace("T24", "T23").replace("23:00:00", "23:30:00") if "T24" in h else h for h in hours]
    page = visit(dataclasses.replace(found, evidence=dataclasses.replace(found.evidence, times=hours)))
    assert (
        page.locator("#range").inner_text() == f"All: 2026-03-28 00:00 to {hours[-1][:16].replace('T', ' ')}"
    )
