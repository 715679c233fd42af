"""Detection: the answer. Anomaly: one flagged item or event. Cause: one cell of it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from amiss.batch import BoolArray, FloatArray
from amiss.errors import ParameterError
from amiss.item_evidence import StringEvidence as StringEvidence
from amiss.item_evidence import TableEvidence as TableEvidence
from amiss.reading.frames import like
from amiss.series_evidence import ManySeriesEvidence as ManySeriesEvidence
from amiss.series_evidence import SeriesEvidence as SeriesEvidence
from amiss.text.multiples import times as times

STOPPED = "data stopped"
"""Kind of the events in which there is no data."""

_SHOWN = 10  # anomalies in a notebook's view


@dataclass(frozen=True)
class Cause:
    """One cell to blame.

    Attributes
    ----------
    cell : str
        The column, the channel, or the position in a string ("position 5").
    seen : str
        The value as a person reads it.
    expected : str
        What was expected instead: a range, a value, a pattern; empty where nothing can be said.
    share : float
        The cell's share of the item's surprise, 0 to 1.
    reason : str
        In words, without cell and share: "9800, expected 90 to 160"; '"XX", never seen, usually "DE"'.
    """

    cell: str
    seen: str
    expected: str
    share: float
    reason: str

    def __str__(self) -> str:
        return f"{self.cell} {self.reason} ({self.share:.0%})"


@dataclass(frozen=True)
class Anomaly:
    """One flagged item, or in a series one event.

    Attributes
    ----------
    place : int
        Position of the item in the data, from 0; for an event its peak.
    label : str
        How a person finds it: "row 17", "2026-03-01 14:05", '"AB12-1E"'.
    score : float
        Multiples of the threshold: 1.0 is the line.
    p_value : float
        How likely a normal item scores at least as high.
    causes : tuple of Cause
        The cells to blame, the worst first.
    start, end : int or None
        First and last point of an event, both inclusive; None for rows and strings.
    kind : str
        What kind of event: "spike", "level shift", ...; empty for rows and strings.
    severity : str
        How grave an event is: "low", "medium", "high" or "critical"; empty for rows and strings.
    series : str
        Of many series, which one: "host web1, metric cpu"; ``start`` and ``end`` are its points then, ``place`` is a
        row of the data.
    """

    place: int
    label: str
    score: float
    p_value: float
    causes: tuple[Cause, ...] = ()
    start: int | None = None
    end: int | None = None
    kind: str = ""
    severity: str = ""
    series: str = ""

    @property
    def told_kind(self) -> str:
        """Kind and severity in words, "spike, severity high"; empty where there is neither."""
        return f"{self.kind}, severity {self.severity}" if self.kind and self.severity else self.kind

    def __str__(self) -> str:
        causes = "; ".join(map(str, self.causes))
        kind = f"{self.told_kind}, " if self.kind else ""
        return f"{self.label}: {kind}{times(self.score)} x the limit, p {self.p_value:.2g}" + (
            f"; {causes}" if causes else ""
        )


Evidence = TableEvidence | SeriesEvidence | ManySeriesEvidence | StringEvidence


@dataclass(frozen=True)
class Detection:
    """The answer: a score, a p-value and a verdict for every item, and the anomalies with their causes.

    Iterating yields the anomalies, the worst first. ``len`` is their number.

    Attributes
    ----------
    kind : str
        "table", "series" or "strings".
    unit : str
        What an item is called: "row", "point", "string".
    scores : ndarray of shape (items,)
        Higher = more abnormal; abnormal where > ``threshold``.
    threshold : float
    p_values : ndarray of shape (items,)
    flags : ndarray of shape (items,), bool
    anomalies : tuple of Anomaly
        Flagged items or events, the worst first.
    chance : float
        Share of normal items expected beyond the threshold by chance.
    reach : int
        Over how many neighbouring items a score reaches: a window of a series, else 1. By chance ``chance *
        items / reach`` anomalies are expected.
    evidence : TableEvidence, SeriesEvidence, ManySeriesEvidence or StringEvidence
        What reports and plots show.
    learnt : dict
        What the detector learnt, as `Detector.summary` tells it.
    notes : tuple of str
        What the reader should know: too few rows, columns set aside, values cut.
    native : Any
        The data the answer is about, as the caller gave it; decides the kind of `to_frame`.
    failed : dict of str to str
        Of many series those that could not be looked at, and why.
    scored : ndarray of shape (items,), bool, or None
        Which items were scored; None: all.
    """

    kind: str
    unit: str
    scores: FloatArray
    threshold: float
    p_values: FloatArray
    flags: BoolArray
    anomalies: tuple[Anomaly, ...]
    chance: float
    evidence: Evidence
    learnt: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reach: int = 1
    native: Any = field(default=None, repr=False)
    failed: dict[str, str] = field(default_factory=dict)
    scored: BoolArray | None = None

    def __iter__(self) -> Iterator[Anomaly]:
        return iter(self.anomalies)

    def __len__(self) -> int:
        return len(self.anomalies)

    @property
    def verdict(self) -> str:
        """The answer in one sentence."""
        count, total = self.unusual, self.items
        units = self.unit if total == 1 else self.unit + "s"
        chance = self.chance_words
        if self.unit == "point":
            chance += " event" if chance.endswith(" 1") else " events"
        stops = sum(anomaly.kind == STOPPED for anomaly in self)
        stopped = f" The data stopped {f'{stops:,} times' if stops > 1 else 'once'}." if stops else ""
        odd = len(self) - stops
        if not count and not odd:
            by_chance = f"({chance} expected beyond the threshold by chance)"
            return f"Nothing is amiss in {total:,} {units} {by_chance}.{stopped}"
        events = f" in {odd:,} event{'s' * (odd != 1)}" if self.unit == "point" else ""
        if isinstance(self.evidence, ManySeriesEvidence):
            events += f" of {sum(one.events > 0 for one in self.evidence.series):,} series"
        return f"{count:,} of {total:,} {units} unusual{events}, {chance} expected by chance.{stopped}"

    @property
    def unusual(self) -> int:
        """How many items are amiss: flagged rows or strings, points inside events that have data."""
        if self.unit != "point":
            return int(self.flags.sum())
        spans = ((a.start, a.end) for a in self.anomalies if a.kind != STOPPED)
        return sum(end - start + 1 for start, end in spans if start is not None and end is not None)

    @property
    def items(self) -> int:
        """How many items were judged; of many series their points, of which there may be more than rows."""
        return self.evidence.points if isinstance(self.evidence, ManySeriesEvidence) else len(self.flags)

    @property
    def chance_words(self) -> str:
        """How many anomalies chance alone brings among as many normal items: "about 12", "fewer than 1"."""
        by_chance = self.chance * self.items / self.reach
        return f"about {by_chance:,.0f}" if by_chance >= 0.5 else "fewer than 1"

    def one(self, series: str) -> Detection:
        """Return the answer on one of many series, its points in order of time; scores are multiples of its threshold.

        Parameters
        ----------
        series : str
            Its name, as `Anomaly.series` tells it.

        Raises
        ------
        ParameterError
            The detection is not of many series, or that one is not among the worst, which alone are kept in full.
        """
        kept = self.evidence.details if isinstance(self.evidence, ManySeriesEvidence) else {}
        if series not in kept or not isinstance(self.evidence, ManySeriesEvidence):
            known = ", ".join(map(repr, list(kept)[:_SHOWN])) or "none"
            raise ParameterError(
                f"Series {series!r} is not kept in full. Those that are, the worst first: {known}."
            )
        rows, scores = self.evidence.rows(series), self.evidence.scores[series]
        place = {row: at for at, row in enumerate(rows.tolist())}
        return replace(
            self,
            scores=scores,
            p_values=self.p_values[rows],
            flags=scores > self.threshold,
            anomalies=tuple(replace(a, place=place[a.place]) for a in self if a.series == series),
            evidence=replace(kept[series], rows=None),
            native=None,
            failed={},
            scored=None if self.scored is None else self.scored[rows],
        )

    def to_frame(self) -> Any:
        """Return one row an item, in the order of the data, as a frame of the caller's kind.

        Returns
        -------
        frame
            pandas for pandas (with its index), polars for polars, Arrow for Arrow, polars for anything else.
            Columns: ``score`` (multiples of the threshold), ``p_value``, ``anomalous`` (bool), ``causes``
            (text; empty where the item is not anomalous, and at points beside an event that its window reaches), of
            many series ``series`` (the one that is anomalous there), and where not all were, ``scored`` (bool).
        """
        return like(self.native, self.to_columns())

    def to_columns(self) -> dict[str, Any]:
        """Return the columns of `to_frame` as arrays and a list, without a frame library.

        Returns
        -------
        dict of str to ndarray or list, of length (items,)
        """
        causes, series = self._told_of_items()
        many = {"series": series} if isinstance(self.evidence, ManySeriesEvidence) else {}
        return {
            "score": self.scores / self.threshold,
            "p_value": self.p_values,
            "anomalous": self.flags,
            "causes": causes,
            **many,
            **({} if self.scored is None or self.scored.all() else {"scored": self.scored}),
        }

    def _told_of_items(self) -> tuple[list[str], list[str]]:
        """Return the causes of each item, and of many series the one that is anomalous there."""
        causes, series = [""] * len(self.flags), [""] * len(self.flags)
        for anomaly in (
            a for a in reversed(self.anomalies) if a.kind != STOPPED
        ):  # the worst is written last
            for place in self._items_of(anomaly):
                if self.flags[place]:
                    causes[place] = "; ".join(filter(None, [anomaly.told_kind, *map(str, anomaly.causes)]))
                    series[place] = anomaly.series
        return causes, series

    def _items_of(self, anomaly: Anomaly) -> list[int]:
        if anomaly.start is None or anomaly.end is None:
            return [anomaly.place]
        if isinstance(self.evidence, ManySeriesEvidence):
            return list(map(int, self.evidence.rows(anomaly.series)[anomaly.start : anomaly.end + 1]))
        places = range(anomaly.start, anomaly.end + 1)
        rows = self.evidence.rows if isinstance(self.evidence, SeriesEvidence) else None
        return list(places) if rows is None else [int(rows[place]) for place in places]

    def _repr_html_(self) -> str:
        """Return the verdict and the worst anomalies as HTML, for notebooks."""
        head = "".join(f"<th>{name}</th>" for name in ("where", "score", "p", "causes"))
        rows = "".join(_html_row(anomaly) for anomaly in self.anomalies[:_SHOWN])
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        hidden = len(self) - _SHOWN
        more = f"<p>and {hidden:,} more: <code>to_frame()</code></p>" if hidden > 0 else ""
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        notes = f"<ul>{notes}</ul>" if notes else ""
        return f"<div><p><strong>{html.escape(self.verdict)}</strong></p>{table}{more}{notes}</div>"

    def to_json(self) -> str:
        """Return verdict, anomalies and causes as JSON text.

        Returns
        -------
        str
            One JSON object: kind, choice (the kind and why, where it was chosen), verdict, items, flagged,
            threshold, chance, learnt (as `Detector.summary` tells it: columns with their kinds, models),
            notes, of many series failed and together, anomalies.
        """
        told = ("kind", "items", "choice", "notes")  # elsewhere in the object
        answer = {
            "kind": self.kind,
            **({"choice": self.learnt["choice"]} if "choice" in self.learnt else {}),
            "verdict": self.verdict,
            "items": len(self.scores),
            "flagged": self.unusual,
            **({} if self.scored is None or self.scored.all() else {"not_scored": int((~self.scored).sum())}),
            "threshold": self.threshold,
            "chance": self.chance,
            "learnt": {name: value for name, value in self.learnt.items() if name not in told},
            "notes": list(self.notes),
            **self._told_of_many(),
            "anomalies": [_told(asdict(a)) for a in self],
        }
        return json.dumps(answer, ensure_ascii=True, allow_nan=False)

    def _told_of_many(self) -> dict[str, Any]:
        if not isinstance(self.evidence, ManySeriesEvidence):
            return {}
        return {"failed": self.failed, "together": [asdict(one) for one in self.evidence.together]}


def _told(anomaly: dict[str, Any]) -> dict[str, Any]:
    """Return what there is to tell of an anomaly: places, kind, severity and series only where it has them."""
    words = ("kind", "severity", "series")
    return {
        name: value for name, value in anomaly.items() if value is not None and (value or name not in words)
    }


def _html_row(anomaly: Anomaly) -> str:
    causes = "<br>".join(html.escape(str(cause)) for cause in anomaly.causes)
    numbers = f"<td>{times(anomaly.score)} &times;</td><td>{anomaly.p_value:.2g}</td>"
    where = ", ".join(filter(None, [anomaly.label, anomaly.told_kind]))
    return f"<tr><td>{html.escape(where)}</td>{numbers}<td style='text-align:left'>{causes}</td></tr>"
