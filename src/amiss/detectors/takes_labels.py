"""What a detector does with labels of a few items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.errors import ParameterError
from amiss.estimator import Estimator
from amiss.reading.frames import read_frame
from amiss.thresholds import Threshold
from amiss.thresholds.by_labels import bad_and_good, labelled, line_by_labels


class TakesLabels(Estimator):
    """The part of a detector that knows of labels."""

    unit: ClassVar[str]
    threshold_: float
    offset_: float
    threshold_rule_: Threshold
    notes_: list[str]
    scores_: Any
    _good: BoolArray | None = None  # of the items that are learnt from while `fit` runs; None: nobody said

    def fit(self, X: Any, y: None = None, labels: Any = None) -> Self:
        """Learn what is normal."""
        raise NotImplementedError

    def score_samples(self, X: Any) -> FloatArray:
        """Return the score of each item, higher = more normal."""
        raise NotImplementedError

    def calibrate(self, scores: Any, labels: Any, miss: float = 1.0) -> Self:
        """Move the threshold as little as puts most labelled items on their side of it; `fit` undoes it.

        Of many series, the threshold of each moves alike, and scores are multiples of the moved ones from then on.

        Parameters
        ----------
        scores : array of shape (items,)
            Scores by this detector, higher = more abnormal: ``scores_``, ``-score_samples(data)`` or the ``scores`` of
            a detection.
        labels : array of shape (items,)
            1 or True for an anomaly, 0 or False for a normal item; None or NaN where nobody said. A few are enough.
        miss : float
            How many false alarms a missed anomaly is worth.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            A label, a score or ``miss`` is outside its legal values.

        Examples
        --------
        >>> from amiss import TableDetector
        >>> rows = np.random.default_rng(0).normal(size=(500, 3))
        >>> detector = TableDetector(models="fast", random_state=0).fit(rows)
        >>> highest = int(detector.scores_.argmax())
        >>> labels = [1 if row == highest else None for row in range(500)]
        >>> bool(detector.calibrate(detector.scores_, labels).scores_[highest] > detector.threshold_)
        True
        """
        self._check_is_fitted()
        if not (isinstance(miss, int | float | np.number) and miss > 0 and np.isfinite(miss)):
            raise ParameterError(f"miss is {miss!r}. Legal: a number above 0; 1 counts both errors alike.")
        known, anomalous = labelled(scores, labels)
        line = line_by_labels(known, anomalous, self.threshold_, float(miss))
        if line != self.threshold_:
            wronged = int((anomalous != (known > line)).sum())
            self._move_threshold(line / self.threshold_)
            self.notes_.append(
                f"{len(known)} label{'s' * (len(known) != 1)} moved the threshold"
                + (f"; {wronged} of them could not be met." if wronged else ".")
            )
        return self

    def _move_threshold(self, ratio: float) -> None:
        """Multiply the threshold."""
        self.threshold_ *= ratio
        self.threshold_rule_.threshold_ = self.threshold_
        self.offset_ = -self.threshold_

    def _labels_of(self, data: Any, labels: Any) -> Any:
        """Return one label an item."""
        return labels

    def _kept(self, data: Any, labels: Any) -> tuple[Any, BoolArray, BoolArray]:
        """Return the data without the items labelled anomalies, which those are, and which are labelled normal."""
        frame = read_frame(data)
        bad, good = bad_and_good(labels, len(frame))
        return replace(frame, columns=[column[~bad] for column in frame.columns]), bad, good

    def _fit_labelled(self, X: Any, labels: Any) -> Self:
        """Learn from the items that are not labelled anomalies, trust those labelled normal; score all."""
        labels = self._labels_of(X, labels)
        kept, bad, good = self._kept(X, labels)
        self._good = good[~bad] if good.any() else None
        try:
            self.fit(kept)._score_all(X)
        finally:
            del self._good
        if bad.any():
            items = f"{self.unit}{'s' * int(bad.sum() != 1)}"
            self.notes_.append(
                f"{bad.sum():,} {items} labelled as anomalies: not learnt from, and scored afterwards."
            )
        self._raise_threshold(*self._judged_by_labels(X, bad, good))
        return self

    def _judged_by_labels(self, data: Any, bad: BoolArray, good: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Return which items' scores tell whether labels are met: of those that are bad, and of those that are good."""
        return bad, good

    def _raise_threshold(self, bad: BoolArray, good: BoolArray) -> None:
        """Raise the threshold as little as puts most of the items labelled normal below it; never lower it."""
        if not (self.scores_[good] > self.threshold_).any():
            return
        known = bad | good
        line = line_by_labels(self.scores_[known], bad[known], self.threshold_)
        if line > self.threshold_:
            self._move_threshold(line / self.threshold_)
            self.notes_.append("Labels of what is normal raised the threshold.")

    def _score_all(self, X: Any) -> None:
        """Set the scores of the items given to `fit`, not all of which were learnt from."""
        self.scores_ = -self.score_samples(X)
        self.p_values_ = self.threshold_rule_.p_values(self.scores_)
