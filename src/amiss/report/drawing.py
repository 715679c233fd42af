"""What a plot is drawn with: panels of matplotlib. Texts of the data stand as they are, never as formulas."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from amiss.batch import BoolArray, FloatArray
from amiss.detection import Anomaly, Detection, SeriesEvidence, StringEvidence, TableEvidence
from amiss.report.cell_grid import CHARACTER, Grid, string_grid, table_grid
from amiss.report.histogram import histogram
from amiss.report.thinning import BLAMED, EVENTS, clock_of, holes_of, most_to_blame, span, thin
from amiss.text.legible import number, written_out

INK, SOFT, RULE, PAPER = "#1a1d24", "#585f6c", "#d8d3c9", "#ffffff"
USUAL, SEEN, BAND, ODD, SHADE, FAINT = "#9db4cd", "#2b4c73", "#cbdcee", "#b93a12", "#f4c4a8", "#fbeadf"
BLAME = "#7f2408"  # dark enough to be seen on the darkest cell
LEVEL_COLOURS = (PAPER, "#fdf3e9", "#fce3cd", "#f9cba8", "#f3a97d", "#ec865a")
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""What every text of the data is drawn with: no `$` starts a formula."""
LIMIT = "score, in multiples of the limit"

_CHANNELS, _NUMBERED = 6, 9
_KIND_ROOM = 5  # times the room of a rank, so that its kind stands beside it
_STRETCHES = 2000  # about as many as a figure has pixels side by side
_NAME = 80
_FLOOR = 0.1  # the lowest score the strip of scores tells apart
_LARGEST = 1e100  # matplotlib reckons with the squares of what it draws
_LEFT, _RIGHT, _TITLE, _LEGEND, _BOTTOM = 0.7, 0.35, 0.55, 0.2, 0.6  # inches
_MONO = 8.0  # points, of the cells
_BOLD = 0.68  # width of a letter of the title, in multiples of its size


class Drawing(Figure):
    """A figure that a notebook shows by itself, whether or not pyplot was imported."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=110)
        return file.getvalue()


def whole(detection: Detection, relative: FloatArray) -> Figure:
    """Return the figure of a detection; ``relative`` are its scores in multiples of the threshold."""
    if isinstance(detection.evidence, SeriesEvidence):
        return _series(detection, detection.evidence, relative)
    grid = _grid(detection)
    wide = max(9.0, grid.columns * CHARACTER * _MONO / 72 + _LEFT + _RIGHT if grid else 0.0)
    high = len(grid.rows) * 0.235 if grid else 0.0
    figure = _figure(wide, [high, 1.7] if grid else [2.4], 0.4, _TITLE, detection.verdict)
    if grid:
        draw_grid(figure.axes[0], grid)
    draw_histogram(figure.axes[-1], relative, detection.flags, detection.unit)
    return figure


def first_panel(detection: Detection, relative: FloatArray, ax: Axes) -> None:
    """Draw the first panel of a detection into axes that are there."""
    ax.set_title(detection.verdict, loc="left", fontsize=10, **PLAIN)
    if isinstance(detection.evidence, SeriesEvidence):
        course = _Course(detection.evidence, detection.anomalies)
        course.draw(ax, course.order[0])
        course.label_x(ax)
    elif grid := _grid(detection):
        draw_grid(ax, grid)
    else:
        draw_histogram(ax, relative, detection.flags, detection.unit)


def trained(networks: list[dict[str, Any]], ax: Axes | None) -> Figure | Axes:
    """Draw how networks learnt, from `Detector.history_`: one panel each, or the first one into ``ax``."""
    if ax is not None:
        _draw_training(ax, networks[0])
        return ax
    shown = networks[:_CHANNELS]
    figure = _figure(9.0, [2.2] * len(shown), 0.6, _TITLE, "How the networks learnt")
    for axes, network in zip(figure.axes, shown, strict=True):
        _draw_training(axes, network)
    return figure


def _draw_training(ax: Axes, network: dict[str, Any]) -> None:
    held = network["validation_loss"]
    for values, colour, label in ((network["loss"], USUAL, "loss"), (held, SEEN, "validation loss")):
        if values:
            ax.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=1.6, label=label)
    best = network["best"]
    style: dict[str, Any] = {"marker": "o", "color": PAPER, "markeredgecolor": ODD, "linestyle": "none"}
    ax.plot([best + 1], [(held or network["loss"])[best]], label="kept", **style)
    if min([*network["loss"], *held]) > 0:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlabel("epoch", fontsize=8.5, color=SOFT)
    ax.set_title(
        f"{network['name']}: {network['weights']:,} weights", loc="left", fontsize=9, color=SOFT, **PLAIN
    )
    ax.legend(fontsize=8, frameon=False, loc="upper right")


def _grid(detection: Detection) -> Grid | None:
    """Return the cells of the worst items; None where there are none."""
    evidence = detection.evidence
    anomalies = {anomaly.place: anomaly for anomaly in detection}
    if isinstance(evidence, TableEvidence) and evidence.cells:
        return table_grid(evidence, anomalies)
    if isinstance(evidence, StringEvidence) and evidence.texts:
        return string_grid(evidence, anomalies)
    return None


def _figure(wide: float, heights: list[float], gap: float, top: float, verdict: str) -> Figure:
    """Return a figure with the verdict as its title and axes of these heights (inches) below one another."""
    high = top + sum(heights) + gap * (len(heights) - 1) + _BOTTOM
    figure = Drawing(figsize=(wide, high), facecolor=PAPER)
    title: dict[str, Any] = {"x": _LEFT / wide, "y": 1 - 0.18 / high, "ha": "left", "va": "top"}
    size = min(12.0, (wide - _LEFT - _RIGHT) * 72 / len(verdict) / _BOLD)
    figure.suptitle(verdict, fontsize=size, fontweight="bold", color=INK, **title, **PLAIN)
    bottom = high - top
    for height in heights:
        bottom -= height
        box = (_LEFT / wide, bottom / high, (wide - _LEFT - _RIGHT) / wide, height / high)
        _dress(figure.add_axes(box))
        bottom -= gap
    return figure


def _dress(ax: Axes) -> None:
    ax.set_facecolor(PAPER)
    ax.grid(visible=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(RULE)
    ax.tick_params(which="both", colors=SOFT, labelcolor=SOFT, labelsize=8, length=3, width=0.8)


# ------------------------------------------------------------- scores
def draw_histogram(ax: Axes, relative: FloatArray, flags: BoolArray, unit: str) -> None:
    """Draw how the scores are spread, on logarithmic axes, and the line at 1.0."""
    bars = histogram(relative, flags).bars
    low, width = np.array([bar.low for bar in bars]), np.array([bar.high - bar.low for bar in bars])
    style: dict[str, Any] = {"align": "edge", "edgecolor": PAPER, "linewidth": 0.4}
    ax.bar(low, [bar.count for bar in bars], width, color=USUAL, **style)
    ax.bar(low, [bar.flagged for bar in bars], width, color=ODD, **style)
    ax.set(xscale="log", yscale="log")
    most = max((bar.count for bar in bars), default=1)
    ax.set_ylim(0.6, max(most * 1.6, 10))
    ax.axvline(1.0, color=INK, linewidth=1.0)
    far = ax.get_xlim()[1] / ax.get_xlim()[0] >= 1000
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if far else (1.0, 2.0, 5.0)))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.set_xlabel(LIMIT, fontsize=8.5, color=SOFT)
    ax.set_ylabel(f"{unit}s", fontsize=8.5, color=SOFT)


def draw_scores(ax: Axes, x: FloatArray, relative: FloatArray) -> None:
    """Draw the score of each point, on a logarithmic axis, and the line at 1.0."""
    starts = np.arange(0, len(x), max(1, len(x) // _STRETCHES))
    x, shown = x[starts], np.clip(np.maximum.reduceat(relative, starts), _FLOOR, _LARGEST)
    ax.fill_between(x, _FLOOR, shown, color=USUAL, linewidth=0)
    above: dict[str, Any] = {"color": ODD, "linewidth": 0.8, "interpolate": True}
    ax.fill_between(x, 1.0, shown, where=shown > 1.0, **above)
    ax.axhline(1.0, color=INK, linewidth=1.0)
    ax.set_yscale("log")
    ax.set_ylim(_FLOOR, max(3.0, float(shown.max(initial=1.0)) * 2.2))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.set_title(LIMIT, loc="left", fontsize=8.5, color=SOFT, pad=3)


# ------------------------------------------------------------- series
def _series(detection: Detection, evidence: SeriesEvidence, relative: FloatArray) -> Figure:
    course = _Course(evidence, detection.anomalies)
    shown = course.order[:_CHANNELS]
    heights = [2.9 if len(shown) == 1 else 1.25] * len(shown)
    figure = _figure(10.0, [*heights, 0.8], 0.3, _TITLE + _LEGEND, detection.verdict)
    *panels, strip = figure.axes
    for ax, channel in zip(panels, shown, strict=True):
        course.draw(ax, channel)
        name = written_out(evidence.channels[channel][:_NAME])
        ax.set_title(name, loc="left", fontsize=8.5, color=SOFT, pad=3, **PLAIN)
        ax.tick_params(labelbottom=False)
        ax.sharex(strip)
    draw_scores(strip, course.x, evidence.in_time(relative))
    strip.set_xlim(course.edges(0, len(course.x) - 1))
    course.number(strip)
    course.label_x(strip)
    _legend(figure, course, len(shown))
    return figure


def _legend(figure: Figure, course: _Course, shown: int) -> None:
    handles: list[Artist] = [Line2D([], [], color=SEEN, linewidth=1.2, label="measured")]
    handles += [Patch(color=BAND, label="expected")] if course.has_band else []
    blamed = "event" if len(course.order) == 1 else "event, this channel to blame"
    handles += [Patch(color=SHADE, label=blamed)] if course.events else []
    handles += [Patch(color=FAINT, label="event, another to blame")] if course.events and shown > 1 else []
    left_out = len(course.order) - shown
    if left_out:
        words = f"{left_out:,} more channel{'s' * (left_out > 1)} not drawn"
        handles.append(Line2D([], [], linestyle="none", label=words))
    wide, high = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1 - _RIGHT / wide, 1 - 0.4 / high),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        labelcolor=SOFT,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.4,
    )


class _Course:
    """The course of a series: where its points lie on the axis of time, its channels and its events."""

    def __init__(self, evidence: SeriesEvidence, events: tuple[Anomaly, ...]) -> None:
        self.evidence = evidence
        self.events = events[:EVENTS]
        self.order = most_to_blame(evidence, events)
        clock = clock_of(self.evidence.times)
        self.dated = clock is not None
        self.x = np.arange(len(self.evidence.values), dtype=np.float64)
        if clock is not None:
            # as the clock at the source stood at the first point, so that time never runs backwards
            moments = (clock.seconds + clock.offsets[0][1]) * 1e6
            self.x = np.asarray(date2num(moments.astype(np.int64).astype("datetime64[us]")))
        self.has_band = bool(np.isfinite(self.evidence.lower).any())

    def draw(self, ax: Axes, channel: int) -> None:
        """Draw a channel: what was measured in its expected band, the events shaded."""
        values, lower, upper = (
            np.where(np.isfinite(a[:, channel]), np.clip(a[:, channel], -_LARGEST, _LARGEST), np.nan)
            for a in (self.evidence.values, self.evidence.lower, self.evidence.upper)
        )
        name = self.evidence.channels[channel]
        blamed = [any(c.cell == name and c.share >= BLAMED for c in event.causes) for event in self.events]
        for colour, to_blame in ((FAINT, False), (SHADE, True)):
            chosen = [e for e, b in zip(self.events, blamed, strict=True) if b is to_blame]
            self._shade(ax, chosen, colour)
        drawn = thin(values, lower, upper, np.zeros(len(values), bool), _STRETCHES, holes_of(self.events))
        x = self.x[drawn.index]
        ax.fill_between(x, drawn.lower, drawn.upper, color=BAND, linewidth=0)
        fine = 0.9 if len(x) == len(values) else 0.6
        ax.plot(x, drawn.of(values), color=SEEN, linewidth=fine, solid_joinstyle="round")
        odd = np.zeros(len(values), bool)
        for start, end in (span(e) for e, b in zip(self.events, blamed, strict=True) if b):
            odd[start : end + 1] = True
        marked = drawn.of(np.where(odd, values, np.nan))
        ax.plot(x, marked, color=ODD, linewidth=1.5)
        beside = np.pad(np.isnan(marked), 1, constant_values=True)
        alone = ~np.isnan(marked) & beside[:-2] & beside[2:]
        ax.plot(x[alone], marked[alone], color=ODD, linestyle="none", marker="o", markersize=3)
        ax.locator_params(axis="y", nbins=5)
        ax.set_xlim(self.edges(0, len(self.x) - 1))

    def _shade(self, ax: Axes, events: list[Anomaly], colour: str) -> None:
        if events:
            edges = [self.edges(*span(event)) for event in events]
            spans = [(first, last - first) for first, last in edges]
            style: dict[str, Any] = {
                "facecolor": colour,
                "edgecolor": colour,
                "linewidth": 0.8,
                "zorder": 0.5,
            }
            ax.broken_barh(spans, (0, 1), transform=ax.get_xaxis_transform(), **style)

    def edges(self, first: int, last: int) -> tuple[float, float]:
        """Return from where to where points reach: half the way to their neighbours."""
        x = self.x
        if len(x) == 1:
            return float(x[0]) - 0.5, float(x[0]) + 0.5
        before = x[first] - (x[first] - x[first - 1] if first else x[1] - x[0]) / 2
        after = x[last] + (x[last + 1] - x[last] if last + 1 < len(x) else x[-1] - x[-2]) / 2
        return float(before), float(after)

    def number(self, ax: Axes) -> None:
        """Write the rank of the worst events at their peaks, their kind beside, as far as there is room."""
        taken: list[float] = []
        room = (self.x[-1] - self.x[0]) * 0.018
        peaks = self.x[[event.place for event in self.events]]
        for rank, event in enumerate(self.events[:_NUMBERED], 1):
            at = float(self.x[event.place])
            if all(abs(at - other) > room for other in taken):
                taken.append(at)
                score = min(max(event.score, 1.0), _LARGEST)
                style: dict[str, Any] = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center"}
                alone = (np.abs(peaks - at) < _KIND_ROOM * room).sum() == 1
                words = f"{rank} {event.kind}".strip() if alone else f"{rank}"
                ax.annotate(words, (at, score), fontsize=8, fontweight="bold", color=ODD, **style)

    def label_x(self, ax: Axes) -> None:
        """Put dates on the axis where the points have times, their positions elsewhere."""
        if self.dated:
            locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=10)
            ax.xaxis.set_major_locator(locator)
            formatter = ConciseDateFormatter(locator, tz=UTC)
            formatter.formats[2], formatter.offset_formats[2] = "%d %b", "%Y"  # "15 Mar", the year beside
            ax.xaxis.set_major_formatter(formatter)
            ax.xaxis.get_offset_text().set(fontsize=8, color=SOFT)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            ax.set_xlabel("point", fontsize=8.5, color=SOFT)


# ------------------------------------------------------------- cells and characters
def draw_grid(ax: Axes, grid: Grid) -> None:
    """Draw cells in their colours with their texts, as large as the axes allow."""
    box = ax.get_window_extent()
    wide, high = (length / ax.figure.dpi * 72 for length in (box.width, box.height))  # points
    columns = max(grid.columns, wide / (CHARACTER * _MONO))
    size = min(_MONO, wide / columns / CHARACTER, high / len(grid.rows) * 0.62)
    ax.set(xlim=(0, columns), ylim=(len(grid.rows), 0), xticks=[], yticks=[])
    ax.set_facecolor(PAPER)
    ax.spines[:].set_visible(False)
    colours = {"ink": INK, "soft": SOFT, "odd": ODD}
    fonts = ["monospace", *rcParams["font.family"]]  # the caller's fonts for the letters it lacks
    for y, row in enumerate(grid.rows):
        boxes = [cell for cell in row if cell.level is not None]
        faces = [LEVEL_COLOURS[cell.level or 0] for cell in boxes]
        ax.broken_barh([(c.x, c.width) for c in boxes], (y + 0.04, 0.92), facecolors=faces, linewidth=0)
        for cell in (c for c in boxes if c.blamed):
            ax.plot([cell.x + 0.6, cell.x + cell.width - 0.6], [y + 0.88] * 2, color=BLAME, linewidth=1.1)
        for cell in row:
            x = cell.x + {"left": 0.0, "center": cell.width / 2, "right": cell.width}[cell.align]
            style: dict[str, Any] = {
                "fontsize": size,
                "family": fonts,
                "color": colours[cell.ink],
                "ha": cell.align,
            }
            ax.text(x, y + 0.52, cell.text, va="center_baseline", clip_on=True, **style, **PLAIN)
