"""Plots: what is drawn and where, by the artists of real figures."""

from __future__ import annotations

import builtins
import copy
import dataclasses
import itertools
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.text import Text

import amiss
import detections
from amiss import datasets
from amiss.errors import MissingExtraError
from amiss.report.cell_grid import CHARACTER, shortened, string_grid, table_grid, width
from amiss.report.drawing import BLAME, FAINT, LEVEL_COLOURS, SHADE
from amiss.sources import open_source
from amiss.text.legible import level


def drawn(figure):
    """Return the bytes of the figure as PNG: drawing it must not fail or warn."""
    return figure._repr_png_()


def lines_at_one(ax, axis):
    """Return how many lines of an axes lie at 1.0, upright ("x") or level ("y")."""
    return sum(list(getattr(line, f"get_{axis}data")()) == [1.0, 1.0] for line in ax.lines)


def shades(ax, colour):
    """Return from where to where the stretches of a colour reach, in the units of the x axis."""
    found = [c for c in ax.collections if c.get_facecolor().size and to_hex(c.get_facecolor()[0]) == colour]
    return [tuple(np.sort(p.vertices[:, 0])[[0, -1]]) for c in found for p in c.get_paths()]


def texts(figure):
    """Return all texts of a figure, those of ticks and empty ones left out."""
    ticks = {t for ax in figure.axes for t in (*ax.get_xticklabels(), *ax.get_yticklabels())}
    return [t for t in figure.findobj(Text) if t.get_text() and t not in ticks]


# ------------------------------------------------------------- every kind
@pytest.mark.parametrize("kind", detections.KINDS)
def test_the_title_is_the_verdict(kind):
    """The figure opens with the verdict; the axes of a caller get it, too."""
    detection = detections.KINDS[kind]()
    ax = Figure().add_subplot()
    assert amiss.plot(detection).get_suptitle() == detection.verdict
    assert amiss.plot(detection, ax) is ax
    assert ax.get_title(loc="left") == detection.verdict


@pytest.mark.parametrize("name", ["airports", "el_nino", "icao_codes"])
def test_what_real_detectors_find_can_be_drawn(name):
    """The shipped data sets, from the file to a picture."""
    entry = datasets.describe(name)
    data = open_source(str(entry.path)).read()
    detector = {
        "table": amiss.TableDetector,
        "series": amiss.SeriesDetector,
        "strings": amiss.StringDetector,
    }[entry.kind](random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", amiss.errors.AmissWarning)
        figure = amiss.plot(detector.fit(data).detect(data))
    assert len(figure.axes) == 2
    assert drawn(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", detections.KINDS)
def test_hostile_texts_stay_texts(kind):
    """No formula, no TeX, no character that cannot be seen; drawing does not fail."""
    detection = detections.hostile(kind)
    figure = amiss.plot(detection)
    drawn(figure)
    of_data = texts(figure)
    assert all(t.get_text().isprintable() for t in of_data)
    assert any("\\u202e" in t.get_text() for t in of_data)
    assert max(len(t.get_text()) for t in of_data) < 150


@pytest.mark.parametrize("hostile", ["$x^2$", "$\\frac{", "a$b$c", "\\$", "_legend"])
def test_a_dollar_starts_no_formula(hostile):
    """Names, cells and strings with dollars are drawn as they are, by the caller's settings of TeX, too."""
    table, series = detections.orders(50, 3), detections.rooms(60, 2, 1)
    table = dataclasses.replace(
        table,
        evidence=dataclasses.replace(
            table.evidence,
            columns=(hostile, *table.evidence.columns[1:]),
            cells=[[hostile] * len(row) for row in table.evidence.cells],
        ),
    )
    series = dataclasses.replace(
        series, evidence=dataclasses.replace(series.evidence, channels=(hostile, "other"))
    )
    for detection in (table, series, detections.serials(50, 3, texts=[hostile])):
        figure = amiss.plot(detection)
        drawn(figure)
        assert not any(t.get_parse_math() or t.get_usetex() for t in texts(figure) if "$" in t.get_text())
    assert hostile in {t.get_text().strip() for t in texts(amiss.plot(table))}
    assert amiss.plot(series).axes[0].get_title(loc="left") in {hostile, "other"}


@pytest.mark.parametrize("kind", detections.KINDS)
def test_global_state_is_left_alone(kind):
    """No setting of matplotlib changes."""
    before = copy.deepcopy(dict(matplotlib.rcParams))
    drawn(amiss.plot(detections.KINDS[kind]()))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "detection", [*(make() for make in detections.KINDS.values()), detections.orders(9, 0)]
)
def test_texts_stay_inside_the_figure(detection):
    """Titles, names, causes and the legend fit, whatever is found."""
    figure = amiss.plot(detection)
    figure.draw_without_rendering()
    inside = figure.bbox
    for text in texts(figure):
        box = text.get_window_extent()
        assert box.x0 >= inside.x0 - 1, text
        assert box.x1 <= inside.x1 + 1, text


def test_pyplot_is_not_imported():
    """Drawing needs no window and registers no figure."""
    code = (
        "import sys, numpy as np, amiss\n"
        "x = np.random.default_rng(0).normal(size=(100, 3))\n"
        "found = amiss.TableDetector(random_state=0).fit(x).detect(x)\n"
        "amiss.plot(found).savefig('/dev/null', format='png')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_without_matplotlib_the_pip_line_is_told(monkeypatch):
    """The error names the extra."""
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"needs matplotlib\. Install: pip install 'amiss\[plot\]'"):
        amiss.plot(detections.orders(50, 1))


@pytest.mark.parametrize("kind", ["orders", "serials"])
def test_where_nothing_is_amiss_there_is_the_histogram(kind):
    """No empty grid is drawn."""
    detection = getattr(detections, kind)(300, 0)
    figure = amiss.plot(detection)
    drawn(figure)
    assert len(figure.axes) == 1
    assert lines_at_one(figure.axes[0], "x") == 1


# ------------------------------------------------------------- scores
@pytest.mark.parametrize("kind", ["table", "strings"])
def test_the_histogram_counts_every_item(kind):
    """Bars add up to the items, the red ones to the flagged ones; the line is at 1.0."""
    detection = detections.KINDS[kind]()
    ax = amiss.plot(detection).axes[-1]
    everything, flagged = (sum(bar.get_height() for bar in bars) for bars in ax.containers)
    assert (everything, flagged) == (len(detection.scores), detection.flags.sum())
    assert lines_at_one(ax, "x") == 1
    assert min(bar.get_x() for bar in ax.containers[1] if bar.get_height()) >= 1.0


# ------------------------------------------------------------- series
@pytest.mark.parametrize(("channels", "panels"), [(1, 1), (3, 3), (9, 6)])
def test_a_panel_a_channel_and_the_scores_below(channels, panels):
    """At most six channels, and the line at 1.0 in the strip of scores."""
    figure = amiss.plot(detections.rooms(2000, channels, 4))
    drawn(figure)
    assert len(figure.axes) == panels + 1
    assert lines_at_one(figure.axes[-1], "y") == 1
    told = [t.get_text() for t in figure.legends[0].get_texts()]
    assert [t for t in told if "not drawn" in t] == ["3 more channels not drawn"] * (channels > 6)


def test_the_channel_most_to_blame_comes_first():
    """The worst event decides between channels that are blamed once each."""
    detection = detections.rooms(2000, 5, 3)
    figure = amiss.plot(detection)
    assert figure.axes[0].get_title(loc="left") == detection.anomalies[0].causes[0].cell


@pytest.mark.parametrize("timed", [True, False])
def test_events_are_shaded_where_they_are(timed):
    """From half a step before the first to half a step after the last point; darker where to blame."""
    detection = detections.rooms(3000, 2, 3, timed=timed)
    start = date2num(np.datetime64(detection.evidence.times[0])) if timed else 0.0
    step = 1 / 1440 if timed else 1.0
    figure = amiss.plot(detection)
    for ax in figure.axes[:-1]:
        name = ax.get_title(loc="left")
        for colour, blamed in ((SHADE, True), (FAINT, False)):
            events = [a for a in detection if (a.causes[0].cell == name) is blamed]
            expected = sorted((start + (a.start - 0.5) * step, start + (a.end + 0.5) * step) for a in events)
            found = sorted(shades(ax, colour))
            assert np.allclose(np.reshape(found, (-1, 2)), np.reshape(expected, (-1, 2)), rtol=0, atol=1e-5)


def test_the_kind_stands_beside_the_rank_where_there_is_room():
    """An event far from others is told by rank and kind, each of two neighbours by its rank alone."""
    found = detections.rooms(4000, 1, 1)
    event = found.anomalies[0]
    near = dataclasses.replace(event, place=event.place + 30)
    for events, wanted in ((found.anomalies, {f"1 {event.kind}"}), ((event, near), {"1"})):
        strip = amiss.plot(dataclasses.replace(found, anomalies=events)).axes[-1]
        assert {text.get_text() for text in strip.texts} == wanted


def test_dates_stand_on_the_axis_as_the_clock_showed_them():
    """Times with an offset are not moved to UTC."""
    detection = detections.rooms(300, 1, 1)
    times = [f"{t}+05:30" for t in detection.evidence.times]
    moved = dataclasses.replace(detection, evidence=dataclasses.replace(detection.evidence, times=times))
    limits = [amiss.plot(d).axes[-1].get_xlim() for d in (detection, moved)]
    assert limits[0] == pytest.approx(limits[1], abs=1e-6)


def test_without_times_positions_stand_on_the_axis():
    """The x axis is called point and reaches from the first to the last."""
    strip = amiss.plot(detections.rooms(500, 1, 1, timed=False)).axes[-1]
    assert (strip.get_xlabel(), strip.get_xlim()) == ("point", (-0.5, 499.5))


def test_a_peak_of_one_point_is_drawn_in_a_long_series():
    """Thinning keeps what an event is about, in the line and in the scores."""
    n, at = 200_000, 123_457
    detection = detections.rooms(n, 1, 0)
    values, scores, flags = (a.copy() for a in (detection.evidence.values, detection.scores, detection.flags))
    values[at, 0], scores[at], flags[at] = 999.0, 4.0 * 7.0, True
    name = detection.evidence.channels[0]
    cause = amiss.Cause(name, "999", "", 1.0, "999")
    detection = dataclasses.replace(
        detection,
        scores=scores,
        flags=flags,
        anomalies=(amiss.Anomaly(at, "here", 7.0, 1e-5, (cause,), at, at),),
        evidence=dataclasses.replace(detection.evidence, values=values),
    )
    figure = amiss.plot(detection)
    panel, strip = figure.axes
    measured = panel.lines[0]
    assert np.nanmax(measured.get_ydata()) == 999.0
    assert len(measured.get_xdata()) < 10_000
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in dots] == [[999.0]]
    assert max(p.vertices[:, 1].max() for c in strip.collections for p in c.get_paths()) == pytest.approx(7.0)
    assert [t.get_text() for t in strip.texts] == ["1"]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1.7e308, -1.7e308, np.nan])
def test_values_beyond_what_can_be_drawn(value):
    """Infinities are left out, the largest numbers cut; nothing fails or warns."""
    detection = detections.rooms(100, 2, 1)
    values = detection.evidence.values.copy()
    values[3], values[:, 1] = value, np.nan
    drawn(
        amiss.plot(
            dataclasses.replace(detection, evidence=dataclasses.replace(detection.evidence, values=values))
        )
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_shortest_series(n):
    """One point is a series."""
    drawn(amiss.plot(detections.rooms(n, 2, 0)))


# ------------------------------------------------------------- cells and characters
def cells(ax):
    """Return the colours of the cells of a grid: a list a row of cells, those without colour left out."""
    rows = [[to_hex(c) for c in collection.get_facecolor()] for collection in ax.collections]
    return [row for row in rows if row]


def test_cells_take_the_colours_of_their_surprise():
    """Each drawn cell has the colour that the report gives it, and the blamed ones are underlined."""
    detection = detections.orders(500, 5)
    evidence = detection.evidence
    ax = amiss.plot(detection).axes[0]
    expected = [[LEVEL_COLOURS[level(s)] for s in row] for row in evidence.surprise]
    assert cells(ax) == expected
    blamed = sum(c.share >= 0.1 for a in detection for c in a.causes)
    assert sum(to_hex(line.get_color()) == BLAME for line in ax.lines) == blamed
    words = {t.get_text().strip() for t in ax.texts}
    assert set(evidence.columns) <= words
    assert {a.label for a in detection} <= words


def test_of_many_columns_the_most_surprising_are_drawn():
    """They keep their order, and what is left out is told."""
    detection = detections.orders(500, 40, extra_columns=60)
    grid = table_grid(detection.evidence, {a.place: a for a in detection})
    names = [cell.text for cell in grid.rows[0]]
    order = [detection.evidence.columns.index(n) for n in names]
    worst = int(detection.evidence.surprise[:15].max(axis=0).argmax())
    assert order == sorted(order)
    assert detection.evidence.columns[worst] in names
    assert grid.columns < 200
    assert f"Not drawn: 25 more rows, {70 - len(names)} more columns." in grid.rows[-1][0].text


def test_cells_of_a_row_do_not_overlap():
    """Each cell ends before the next begins and is as wide as its text."""
    detection = detections.hostile("table")
    for row in table_grid(detection.evidence, {a.place: a for a in detection}).rows:
        for cell, following in itertools.pairwise(row):
            assert cell.x + width(cell.text) <= following.x + 1e-9


def test_characters_take_the_colours_of_their_surprise():
    """One cell a character; an empty string is called so."""
    detection = detections.serials(100, 3, texts=["AB12", "", " x"])
    ax = amiss.plot(detection).axes[0]
    expected = [[LEVEL_COLOURS[level(s)] for s in row] for row in detection.evidence.surprise]
    assert cells(ax) == [row for row in expected if row]
    words = [t.get_text() for t in ax.texts]
    assert "empty" in words
    assert "␣" in words
    assert {f"{a.causes[0].cell} {a.causes[0].reason}" for a in detection} <= set(words)


def test_of_a_long_string_the_odd_part_is_drawn():
    """The most surprising character is among those drawn, with marks where the text is cut."""
    detection = detections.serials(100, 1, texts=["x" * 500])
    surprise = np.zeros(500)
    surprise[321] = 9.0
    evidence = dataclasses.replace(detection.evidence, surprise=[surprise])
    row = string_grid(evidence, {a.place: a for a in detection}).rows[0]
    assert [cell.level for cell in row].count(5) == 1
    assert [cell.text for cell in row].count("…") == 2
    assert len(row) < 60


@pytest.mark.parametrize("text", ["日本語" * 20, "e\u0301" * 60, "\u202e" * 60, "a" * 100_000, "", "ab"])
def test_shortened_texts_are_no_wider_than_asked(text):
    """Wide letters count two, marks none; a text that fits is left as it is."""
    assert width(shortened(text, 22)) <= 22
    assert shortened("ab", 2) == "ab"
    assert shortened("abc", 2) == "a…"


def test_the_width_of_a_character_is_that_of_the_font():
    """The cells are as wide as the letters that stand in them."""
    figure = Figure(dpi=100)
    text = figure.text(0, 0, "M" * 100, family="monospace", fontsize=72)
    assert text.get_window_extent().width / 100 / 100 == pytest.approx(CHARACTER, abs=0.005)
