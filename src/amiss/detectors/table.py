"""TableDetector: which rows of a table are abnormal, which cells are to blame, what was expected there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from amiss.batch import AnyArray, Batch, FloatArray
from amiss.cell_evidence import Explained, blame_of
from amiss.committee import Committee
from amiss.detection import Anomaly, TableEvidence
from amiss.detectors.base import Detector
from amiss.detectors.odd_cells import OddCells, spread_evenly
from amiss.detectors.table_parts import judged, numbers_and_levels
from amiss.detectors.table_words import CellWords, likely_levels, some_rows
from amiss.errors import NotFittedError
from amiss.explanation import causes_of
from amiss.models.asked import fresh_models
from amiss.models.base import AnyModel, Model
from amiss.models.categorical import CategoricalMemory, Levels, levels_among
from amiss.numerics.blocks import one_blas_thread
from amiss.numerics.calibration import lifted, opened, positive
from amiss.reading.columns import ColumnReader, Table
from amiss.reading.frames import Frame, read_frame
from amiss.trust import trusted_rows
from amiss.usual import Usual

FAST_MODELS = ("marginal", "robust", "memory")
MIXED_MODELS = (*FAST_MODELS, "masked:space=asinh", "masked:space=standard")
LEVEL_MODELS = ("middle",)  # beside levels
_RESCALED = ("local:space=minmax,rescaled=True", "local:space=rank,rescaled=True")
CLEAN_MODELS = ("local:space=asinh", *_RESCALED, "marginal")
_NUMBERS, _OURS = ("numeric", "boolean", "date", "constant"), ("auto", "fast", ["auto"], ["fast"])
_ROWS_FOR_NETWORKS, _ROWS_FOR_UNITS = 40, 2_000


class TableDetector(Detector):
    """Find the abnormal rows and the wrong cells of a table.

    Numeric, boolean and date columns are judged by a committee of models; categorical columns by how seldom
    a row's levels and numbers are seen together; cells that came as text also by their spelling, their
    format, and the columns they depend on.

    Parameters
    ----------
    models : "auto", "fast", str, Model, or list of those
        The committee on the numeric columns. "auto": marginal, robust, memory and masked in two column spaces for
        mixed training data of two or more numbers a row and 40 or more rows, and middle beside levels; local in
        three column spaces, and marginal, for clean. "fast": the same without the networks.
    threshold : str or Threshold
        Where abnormal starts; "auto" is "peaks".
    training_data : "mixed" or "clean"
        Whether the data given to `fit` may hold anomalies.
    random_state : int, Generator, RandomState or None
        Draws the rows that are kept of tables beyond 10,000 rows.
    kinds : dict of str to str, optional
        Kinds of columns you decide, by name: numeric, boolean, date, categorical, identifier, text, constant.
    missing : sequence of str
        Texts that stand for "no value" beside the usual ones.

    Attributes
    ----------
    cell_scores_ : ndarray of shape (rows, columns)
        How surprising each cell given to `fit` is, higher = more abnormal. Not kept in a model file.
    feature_names_in_ : ndarray of shape (columns,)
        Names of the columns; there only where the data had names.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import TableDetector
    >>> rows = np.random.default_rng(0).normal(size=(300, 3))
    >>> rows[17] = 9.0
    >>> for anomaly in TableDetector(random_state=0).fit(rows).detect(rows):
    ...     print(anomaly.label)
    row 17
    """

    kind: ClassVar[str] = "table"
    unit: ClassVar[str] = "row"
    left_out: ClassVar[frozenset[str]] = Detector.left_out | {"_training", "_cell_scores"}

    kinds: Any
    missing: Any
    n_features_in_: int
    columns_: ColumnReader
    usual_: list[Usual]
    numeric_: list[int]
    growing_: list[int]
    categorical_: list[int]
    graded_: int = 0  # files of earlier versions do not say
    committee_: Committee | None
    levels_: list[Levels]
    categories_: CategoricalMemory | None
    odd_cells_: OddCells
    cell_usual_: FloatArray
    level_usual_: FloatArray = np.zeros(0)  # files of earlier versions have none
    cell_unit_: float
    items_: int
    tried_: dict[str, list[str]]
    _training: Table
    _cell_scores: FloatArray | None

    def __init__(
        self,
        models: Any = "auto",
        threshold: Any = "auto",
        training_data: str = "mixed",
        random_state: Any = None,
        *,
        kinds: Mapping[str, str] | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        self.models = models
        self.threshold = threshold
        self.training_data = training_data
        self.random_state = random_state
        self.kinds = kinds
        self.missing = missing

    def _two_d_array(self) -> bool:
        return True

    @property
    def feature_names_in_(self) -> AnyArray:
        """Names of the columns, shape (columns,); there only where the data had names."""
        if "columns_" not in vars(self) or not self.columns_.named_:
            raise AttributeError("feature_names_in_: the data given to fit had no names of columns.")
        return np.array(self.columns_.names_, dtype=object)

    def _reading(self, data: Any) -> Frame:
        return read_frame(data)

    # ------------------------------------------------------------- learn
    def _learn(self, data: Any, random_state: np.random.Generator) -> FloatArray:
        self.columns_ = ColumnReader(self.kinds, self.missing)
        table = self.columns_.fit(data)
        self.n_features_in_, self.items_ = len(table.columns), len(table)
        self.usual_ = [Usual(c) for c in table.columns]
        self._choose_columns(table)
        self._learn_levels(table)
        numbers = self._learn_numbers(table, random_state)
        levels = self._learn_categories(table, random_state)
        alone = self.committee_ is None and self.categories_ is None
        self.odd_cells_ = OddCells(self.growing_, alone).fit(table, random_state)
        self._training, self._cell_scores = table, None
        self._set_cell_units(table)
        self.tried_ = some_rows(table)
        return self._combined(table, numbers, levels)

    def _choose_columns(self, table: Table) -> None:
        """Decide which columns are judged as numbers and which as levels."""
        holds = [c.numbers is not None and (c.typed or not np.isnan(c.numbers).all()) for c in table.columns]
        kinds = [c.kind for c in table.columns]
        self.numeric_ = [j for j, k in enumerate(kinds) if holds[j] and k in _NUMBERS]
        dates = [j for j in self.numeric_ if kinds[j] == "date"]
        self.growing_ = [j for j in dates if spread_evenly(table.columns[j].numbers)]
        self.numeric_ = [j for j in self.numeric_ if j not in self.growing_]
        self.categorical_ = [j for j, k in enumerate(kinds) if k == "categorical"]
        if not (self.numeric_ or self.categorical_ or self.growing_):
            self.numeric_ = [j for j, c in enumerate(table.columns) if c.typed]

    def _learn_numbers(self, table: Table, random_state: np.random.Generator) -> FloatArray:
        """Learn from the numbers; return what the committee says of the rows, 0 where there are none."""
        self.committee_ = None
        models = self._make_models()
        if not self.numeric_:  # nothing but levels: for the models that take them
            models = [model for model in models if model.takes_levels and self.levels_]
        if not models:
            return np.zeros(len(table))
        batch, clean = self._numbers(table), self.training_data == "clean"
        doubted, ours = bool(self.numeric_) and not clean, self.models in _OURS
        trusted = trusted_rows(batch, random_state, ours) if doubted else np.ones(len(batch), bool)
        trusted = trusted if self._good is None else trusted | self._good
        self.committee_ = Committee(models, clean, doubted and ours)
        return self.committee_.fit_score(batch, trusted, random_state)

    def _make_models(self) -> list[Model]:
        clean = self.training_data == "clean"
        little = len(self.numeric_) < 2 or self.items_ < _ROWS_FOR_NETWORKS
        mixed: tuple[str, ...] = FAST_MODELS if little or self.models in ("fast", ["fast"]) else MIXED_MODELS
        mixed += LEVEL_MODELS if self.numeric_ and self.categorical_ else ()
        return fresh_models("table", self.models, CLEAN_MODELS if clean else mixed, clean)

    def _learn_levels(self, table: Table) -> None:
        self.levels_ = []
        for column in (table.columns[j] for j in self.categorical_):
            rows = np.bincount(column.codes, minlength=len(column.distinct)).astype(float)
            self.levels_.append(Levels(column.distinct, rows))

    def _learn_categories(self, table: Table, random_state: np.random.Generator) -> FloatArray:
        """Learn from the levels; return how odd those of the rows are, 0 where there are none."""
        self.categories_ = None
        if not self.categorical_:
            return np.zeros(len(table))
        batch, clean = self._numbers(table), self.training_data == "clean"
        self.graded_, self.categories_ = levels_among(batch), CategoricalMemory()
        return self.categories_.fit_score(batch, self._indicators(table), random_state, clean, self._good)

    def _independent(self, scores: FloatArray) -> FloatArray:
        # rows a calibration has seen look more usual to it than new ones do, and the line is for new ones
        seen = None if self.categorical_ else self.committee_
        return scores if seen is None else scores + seen.optimism

    # ------------------------------------------------------------- score
    def _score(self, data: Any) -> FloatArray:
        return judged(self.columns_, self.columns_.frame(data, type(self).__name__), self._score_table)

    def _score_table(self, table: Table) -> FloatArray:
        numbers = levels = np.zeros(len(table))
        if self.committee_ is not None:
            numbers = self.committee_.score(self._numbers(table))
        if self.categories_ is not None:
            levels = self.categories_.score(self._numbers(table), self._indicators(table))
        return self._combined(table, numbers, levels)

    def _read(self, data: Any) -> Table:
        return self.columns_.read(data, type(self).__name__)

    def _notes_on(self, data: Any) -> tuple[str, ...]:
        return self.columns_.notes_on(data)

    def _combined(self, table: Table, numbers: FloatArray, levels: FloatArray) -> FloatArray:
        """Return the score of each row: committee and categories by their share of columns, and odd cells."""
        judged = len(self.categorical_) + len(self.numeric_)
        if not judged:
            return self.odd_cells_.score(table)
        share = (len(self.categorical_) + self.graded_) / judged if self.categorical_ else 0.0
        score = (1 - share) * numbers + share * levels
        # levels are not log-compressed: opened, they would give normal rows a tail without end
        above_zero = positive if self.training_data == "clean" else lifted if share else opened
        score = above_zero(score) + self.odd_cells_.score(table)
        if share and self.committee_ is not None and self.training_data == "mixed":
            score += self.committee_.gross(self._numbers(table))  # they make a row odd whatever its levels
        return score

    def _numbers(self, table: Table) -> Batch:
        return numbers_and_levels(table, self.numeric_, self.categorical_, self.levels_)

    def _indicators(self, table: Table) -> FloatArray:
        pairs = zip(self.levels_, (table.columns[j] for j in self.categorical_), strict=True)
        return np.hstack([lv.indicators(c.distinct, c.codes) for lv, c in pairs])

    # ------------------------------------------------------------- cells
    @property
    def cell_scores_(self) -> FloatArray:
        """How surprising each cell given to `fit` is, shape (rows, columns); counted when first asked for."""
        if "_training" not in vars(self):
            raise NotFittedError(
                "There are no cell scores: not fitted yet, or loaded from a model file, which keeps no "
                "training data. Ask score_cells(data)."
            )
        if self._cell_scores is None:
            self._cell_scores = self._cell_surprise(self._training)
        return self._cell_scores

    @one_blas_thread()
    def score_cells(self, X: Any) -> FloatArray:
        """Return how surprising each cell of ``X`` is, shape (rows, columns), higher = more abnormal.

        Parameters
        ----------
        X : frame or array
            A table with the columns given to `fit`.
        """
        self._check_is_fitted()
        return self._cell_surprise(self._read(X))

    def _cell_surprise(
        self, table: Table, explained: Explained | None = None, batch: Batch | None = None
    ) -> FloatArray:
        out = np.zeros((len(table), len(table.columns)))
        if not len(table):
            return out
        if self.committee_ is not None:
            batch = self._numbers(table) if batch is None else batch
            excess = self.committee_.surprise(batch) - self.cell_usual_
            out[:, self.numeric_] = np.maximum(excess, 0.0)
            levels = self.committee_.surprise_of_levels(batch)
            if levels is not None:
                out[:, self.categorical_] = np.maximum(levels - self.level_usual_, 0.0)
        return out + self.odd_cells_.surprise(table, explained)

    def _set_cell_units(self, table: Table) -> None:
        """Learn the usual surprise of numeric cells, and where the surprise of a cell is abnormal."""
        some = table.take(np.linspace(0, len(table) - 1, min(len(table), _ROWS_FOR_UNITS)).astype(int))
        self.cell_usual_, self.cell_unit_ = np.zeros(len(self.numeric_)), 1.0
        if self.committee_ is not None:
            batch = self._numbers(some)
            self.cell_usual_ = np.quantile(self.committee_.surprise(batch), 0.9, axis=0)
            levels = self.committee_.surprise_of_levels(batch)
            if levels is not None:
                self.level_usual_ = np.quantile(levels, 0.9, axis=0)
        self.cell_unit_ = max(float(np.quantile(self._cell_surprise(some), 0.995)), 0.1)

    # ------------------------------------------------------------- explain
    def _explain(
        self, data: Any, scores: FloatArray, flagged: AnyArray
    ) -> tuple[list[Anomaly], TableEvidence]:
        table = self.columns_.table(self.columns_.frame(data, type(self).__name__), flagged)
        explained = self.odd_cells_.explain(table)
        batch, told = self._numbers(table), explained
        surprise = self._cell_surprise(table, explained, batch)
        if explained and self.categories_ is not None:
            told = explained.mended(
                self.categorical_, self.categories_.mended(batch, self._indicators(table))
            )
        blame = blame_of(surprise, explained, told)
        likely = likely_levels(self.committee_, batch, self.categorical_, self.levels_)
        words = CellWords(table, self.usual_, self.committee_, batch, self.numeric_, told, likely)
        p_values = self.threshold_rule_.p_values(scores[flagged])
        anomalies, names = [], table.names
        for i, place in enumerate(np.asarray(flagged).tolist()):
            causes = causes_of(names, words.blamed(i, blame[i]), partial(words.tell, i))
            score = self._relative(scores[place])
            anomalies.append(Anomaly(place, f"row {place}", score, float(p_values[i]), causes))
        places = np.asarray(flagged, np.int64)
        return anomalies, TableEvidence(names, places, words.cells, surprise / self.cell_unit_)

    def summary(self) -> dict[str, Any]:
        """Return what was learnt: columns with their kinds and usual values, models, threshold."""
        rule = self.threshold_rule_
        return {
            "kind": self.kind,
            "items": self.items_,
            "models": [m.spec() for m in self._fitted_models()],
            "threshold": {"rule": rule.spec(), "value": self.threshold_, "chance": rule.expected_by_chance()},
            "training_data": self.training_data,
            "random_state": self.random_state if isinstance(self.random_state, int) else None,
            "columns": [
                {"name": u.name, "kind": u.kind, "normal": u.words, "missing": u.missing} for u in self.usual_
            ],
            "networks": self.history_,
            "notes": list(self.notes_),
        }

    def _fitted_models(self) -> Sequence[AnyModel]:
        return self.committee_.models if self.committee_ is not None else []

    def _probe(self) -> Any:
        return self.tried_ if self.columns_.named_ else np.array(list(self.tried_.values()), dtype=object).T
