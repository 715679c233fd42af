"""Figures of methods on cases: kept in a file line by line, taken from elsewhere, brought together."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from amiss.evaluation import GROUPS, PROTOCOLS, RANKING, Outcome, main_figure

AMISS = "amiss"
_NAMES = {
    "ap": "average_precision",
    "auc_pr": "average_precision",
    "rec1": "recall_1",
    "top_k": "precision_k",
}
_COMPLETE = 0.95  # a method takes part where it has at least so many of the cases


@dataclass(frozen=True)
class Figures:
    """What one method scored on one case with one seed; ``figures`` is empty where it failed."""

    pack: str
    name: str
    group: str
    protocol: str
    method: str
    seed: int = 0
    items: int = 0
    anomalies: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    failure: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What tells it apart."""
        return self.pack, self.name, self.protocol, self.method, self.seed

    @classmethod
    def of(cls, pack: str, method: str, seed: int, outcome: Outcome) -> Figures:
        """Return the figures of an outcome."""
        told = asdict(outcome)
        told.pop("kind")
        return cls(pack=pack, method=method, seed=seed, **told)


class Kept:
    """Figures in a file, a line each: what is finished stays, whenever the run is stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        read = (Figures(**json.loads(line)) for line in self._whole_lines())
        self.by_key = {line.key: line for line in read}  # of a case that was run again the last line counts

    @property
    def lines(self) -> list[Figures]:
        """The figures, a line a case."""
        return list(self.by_key.values())

    def _whole_lines(self) -> list[str]:
        """Return the lines; one that a kill has cut is taken off the file."""
        if not self.path.exists():
            return []
        text = self.path.read_text("utf-8")
        whole, _, rest = text.rpartition("\n")
        if rest:
            with self.path.open("r+b") as file:
                file.truncate(len(text.encode()) - len(rest.encode()))
        return whole.splitlines()

    def add(self, line: Figures) -> None:
        """Write a line; it is on the disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.by_key[line.key] = line


def measured_elsewhere(
    folder: Path, groups: dict[tuple[str, str], str], called: dict[str, str] | None = None
) -> list[Figures]:
    """Return the figures in CSV files, one a pack and called like it: name, group, protocol, method, then metrics.

    Parameters
    ----------
    folder : Path
    groups : dict
        The group of each data set, by (pack, name); others are left out.
    called : dict, optional
        What methods are to be called, by their names there.
    """
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                name, protocol, method = row.pop("name"), row.pop("protocol"), row.pop("method")
                row.pop("group", None)
                group = groups.get((path.stem, name))
                method = (called or {}).get(method, method)
                values = {_NAMES.get(metric, metric): float(value) for metric, value in row.items() if value}
                if group and protocol in PROTOCOLS:
                    found.append(Figures(path.stem, name, group, protocol, method, figures=values))
    return found


@dataclass(frozen=True)
class Board:
    """The methods of one group and protocol, and their figures on each case.

    Attributes
    ----------
    pack, group, protocol : str
    main : str
        The figure that methods are compared by.
    cases : list of str
    figures : dict of str to dict of str to ndarray of shape (cases,)
        By method and figure, the mean over the seeds; NaN where it was not run, 0 where it failed.
    seconds : dict of str to float
        CPU seconds a case, of the methods that were run here.
    """

    pack: str
    group: str
    protocol: str
    main: str
    cases: list[str]
    figures: dict[str, dict[str, np.ndarray]]
    seconds: dict[str, float]

    def mean(self, method: str, figure: str | None = None) -> float:
        """Return the mean over the cases that the method was run on; NaN where it has no such figure."""
        values = self.figures[method].get(figure or self.main, np.array([np.nan]))
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    def ordered(self) -> list[str]:
        """Return the methods, the best mean first."""
        return sorted(self.figures, key=lambda method: -self.mean(method))

    def peers(self) -> list[str]:
        """Return the methods that are not amiss, the best mean first."""
        return [method for method in self.ordered() if not method.startswith(AMISS)]


def boards(lines: Iterable[Figures]) -> list[Board]:
    """Bring figures together, group by group and protocol by protocol; methods with too few cases are left out."""
    every = list(lines)
    found = []
    for pack in dict.fromkeys(line.pack for line in every):
        for group in GROUPS:
            for protocol in PROTOCOLS:
                some = [x for x in every if (x.pack, x.group, x.protocol) == (pack, group, protocol)]
                if some:
                    found.append(_board(pack, group, protocol, some))
    order = list(GROUPS)
    return sorted(found, key=lambda board: order.index(board.group))


def _board(pack: str, group: str, protocol: str, lines: list[Figures]) -> Board:
    cases = sorted({line.name for line in lines})
    by_method: dict[str, list[Figures]] = {}
    for line in lines:
        by_method.setdefault(line.method, []).append(line)
    figures, seconds = {}, {}
    for method, some in by_method.items():
        if len({line.name for line in some}) < _COMPLETE * len(cases):
            continue
        names = dict.fromkeys(name for line in some for name in line.figures)
        figures[method] = {name: _by_case(cases, some, name) for name in names}
        spent = [line.seconds for line in some if line.seconds is not None]
        if spent:
            seconds[method] = float(np.mean(spent))
    main = main_figure(group)
    figures = {method: told for method, told in figures.items() if main in told}
    return Board(pack, group, protocol, main, cases, figures, seconds)


def _by_case(cases: list[str], lines: list[Figures], figure: str) -> np.ndarray:
    values: dict[str, list[float]] = {}
    for line in lines:
        value = 0.0 if line.failure and figure in RANKING else line.figures.get(figure, np.nan)
        values.setdefault(line.name, []).append(value)
    return np.array([np.mean(values[name]) if name in values else np.nan for name in cases])
