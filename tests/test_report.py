"""The report, in a real headless Chromium: what it shows, how large it is, what it withstands."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

import detections
from amiss.errors import SinkError
from amiss.report import render, write_report

LIMIT = 500_000


# ------------------------------------------------------------ nothing goes out, nothing goes wrong
@pytest.mark.parametrize("kind", detections.KINDS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_report_loads_nothing_and_breaks_nothing(visit, kind, colours, settle):
    """No request, no message on the console, no breach of its own policy."""
    page = visit(detections.KINDS[kind](), colours=colours)
    page.keyboard.press("Tab")
    page.mouse.wheel(0, 4000)
    settle(page)
    assert (page.faults, page.evaluate("window.__violations")) == ([], [])


@pytest.mark.parametrize("kind", detections.KINDS)
def test_the_policy_lets_nothing_else_run(visit, kind):
    """A script that someone adds to the page does not run."""
    page = visit(detections.KINDS[kind]())
    page.evaluate(
        f"() => {{ const s = document.createElement('script'); s.text = '{detections.HIT}'; "
        "document.body.append(s); }"
    )
    assert page.evaluate("window.__hit") is None
    assert page.evaluate("window.__violations") == ["script-src-elem"]


@pytest.mark.parametrize("kind", detections.KINDS)
def test_the_verdict_is_the_heading(visit, kind):
    """The page opens with the verdict, once."""
    detection = detections.KINDS[kind]()
    page = visit(detection)
    assert page.locator("h1").all_inner_texts() == [detection.verdict]


@pytest.mark.parametrize("kind", detections.KINDS)
def test_hostile_texts_do_nothing(visit, kind):
    """Markup, control characters, direction marks, half pairs and long cells stay texts."""
    page = visit(
        detections.hostile(kind),
        title=detections.HOSTILE[0],
        command=detections.HOSTILE[1] + detections.HOSTILE[8],
    )
    assert page.evaluate("window.__hit") is None
    assert (page.faults, page.evaluate("window.__violations")) == ([], [])
    assert page.locator("img, svg[onload], script:not([type])").count() == 1, "only the report's own script"
    text = page.evaluate("document.documentElement.textContent")
    assert not re.search("[\u202e\x00\x07\x1b\ufffd]", text)
    assert "\\u202e" in text
    assert re.search(r"\d\d,\d\d\d characters more", text)
    assert (page.viewport_size["width"], len(page.content()) < LIMIT) == (1280, True)


@pytest.mark.parametrize("kind", detections.KINDS)
def test_hostile_texts_do_not_widen_the_page(visit, kind):
    """A word of 100,000 letters is broken or cut, not wider than the window."""
    page = visit(
        detections.hostile(kind), width=400, title=detections.HOSTILE[8], command=detections.HOSTILE[8]
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


# ------------------------------------------------------------ size
@pytest.mark.parametrize(
    "detection",
    [
        lambda: detections.orders(10_000, 10),
        lambda: detections.orders(10_000, 3_000, extra_columns=200),
        lambda: detections.rooms(100_000, 1, 3),
        lambda: detections.rooms(100_000, 30, 2_000),
        lambda: detections.serials(25_000, 10_000, texts=["\u202e" * 5_000]),
    ],
    ids=["table", "wide table", "series", "wide series", "escapes"],
)
def test_a_report_stays_small(detection):
    """Whatever the data, a report takes at most 500 KB."""
    assert len(render(detection()).encode()) <= LIMIT


def test_long_names_do_not_make_it_large():
    """Names of 100,000 characters are cut wherever they stand."""
    found = detections.rooms(3_000, 30, 20)
    names = tuple(name + "x" * 100_000 for name in found.evidence.channels)
    evidence = dataclasses.replace(found.evidence, channels=names)
    assert len(render(dataclasses.replace(found, evidence=evidence)).encode()) <= LIMIT


def test_what_is_left_out_is_said(visit):
    """The page names how many anomalies, rows and columns it does not show."""
    page = visit(detections.orders(10_000, 3_000, extra_columns=200))
    text = page.locator("main").inner_text()
    assert "The worst 100 of 3,000" in text
    assert re.search(r"The worst \d+ of 3,000\. Underlined", text)
    assert "Of 210 columns the 40 that surprise most are shown" in text
    assert "60 more columns are not listed" in text


def test_channels_that_are_not_drawn_are_named(visit):
    """Of many channels those most to blame are drawn, the others named."""
    page = visit(detections.rooms(3_000, 10, 2))
    assert page.locator(".panel").count() == 8
    assert "The 8 channels most to blame are drawn, 2 are not" in page.locator("#thinned").inner_text()


# ------------------------------------------------------------ results of every size
@pytest.mark.parametrize(
    "detection",
    [
        lambda: detections.orders(500, 0),
        lambda: detections.orders(2, 1),
        lambda: detections.rooms(300, 1, 0, timed=False),
        lambda: detections.rooms(300, 1, 1),
        lambda: detections.serials(60, 0),
        lambda: detections.serials(60, 60),
    ],
    ids=["no row", "one row", "no event", "one event", "no string", "all strings"],
)
def test_a_report_of_few_or_all(visit, detection):
    """Nothing, one and all amiss each make a whole page."""
    found = detection()
    page = visit(found)
    assert page.faults == []
    assert page.locator("tr.what").count() == len(found)
    assert page.locator("#reading, #made, #scores, #learnt").count() == 4


def test_without_anomalies_the_highest_score_is_told(visit):
    """Where nothing is amiss the page says how near the nearest came."""
    page = visit(detections.orders(500, 0))
    assert re.search(r"The highest is 0\.\d\d", page.locator("#scores").inner_text())


def test_little_learnt_is_enough(visit):
    """A detection that tells nothing of what was learnt has a report all the same."""
    for kind in detections.KINDS.values():
        assert visit(dataclasses.replace(kind(), learnt={}, notes=("Only 5 rows.",))).faults == []


def test_flagged_cells_are_told_without_colour(visit):
    """A cell that does not fit is bold as well as coloured, one to blame is underlined and told in words."""
    found = detections.KINDS["table"]()
    page = visit(found)
    first = page.locator(".cells tbody tr").first
    assert first.locator("b").all_inner_texts() == first.locator(".s2, .s3, .s4, .s5").all_inner_texts() != []
    blamed = [cause.seen for cause in found.anomalies[0].causes if cause.share >= 0.1]
    assert first.locator("u").all_inner_texts() == blamed
    assert page.locator("#causes tbody").first.locator(".seen").first.inner_text() == blamed[0]


def test_the_kind_of_an_event_is_told(visit):
    """Each event says its kind and how grave it is, grave ones stand out, and the facts count the kinds."""
    found = detections.KINDS["series"]()
    page = visit(found)
    told = page.locator("#causes .kind").all_inner_texts()
    assert told == [anomaly.told_kind for anomaly in found.anomalies[: len(told)]] != []
    grave = [anomaly.severity in ("high", "critical") for anomaly in found.anomalies[: len(told)]]
    marks = [page.locator("#causes .kind").nth(i).get_attribute("class") for i in range(len(told))]
    assert [mark == "kind grave" for mark in marks] == grave
    spikes = sum(anomaly.kind == "spike" for anomaly in found)
    assert f"{spikes} spike" in page.locator("main").inner_text()


def test_the_surprising_character_is_marked(visit):
    """In a string the character to blame is marked, a space at the end is made visible."""
    page = visit(detections.KINDS["strings"]())
    assert page.locator(".strings mark.s5").first.inner_text() == "_"
    assert page.locator(".strings mark", has_text="␣").count() > 0


# ------------------------------------------------------------ the file
def test_the_report_is_written_whole(tmp_path):
    """What is written is what is rendered, and nothing else is left in the folder."""
    write_report(
        detections.KINDS["table"](),
        tmp_path / "a.html",
        title="orders.csv",
        command="amiss detect orders.csv",
    )
    text = (tmp_path / "a.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    """The error says where, why and what to do."""
    with pytest.raises(
        SinkError, match=r"cannot be written to '.*nowhere/a\.html': No such file or directory\. Give"
    ):
        write_report(detections.KINDS["table"](), tmp_path / "nowhere" / "a.html")


def test_the_report_tells_how_it_was_made():
    """Version, parameters, date and command stand in it."""
    import amiss

    text = render(detections.KINDS["table"](), command="amiss detect orders.csv -o report.html")
    for part in (
        amiss.__version__,
        "peaks:risk=0.001",
        "memory:k=5",
        "amiss detect orders.csv -o report.html",
    ):
        assert part in text
    assert re.search(r"<dt>Date</dt><dd>20\d\d-\d\d-\d\d \d\d:\d\d", text)


def test_scores_that_are_all_zero_or_huge_are_drawn():
    """A drawing of scores exists for every set of finite scores."""
    found = detections.KINDS["table"]()
    for scores in (np.zeros(10_000), np.full(10_000, 1e300), np.full(10_000, 1e-300)):
        assert "<rect" in render(dataclasses.replace(found, scores=scores))
