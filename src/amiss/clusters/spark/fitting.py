"""Fit: a detector learns from a sample of the rows of a Spark data frame, and its threshold from all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.batch import FloatArray
from amiss.clusters.scoring import check_points_stand_alone, items_of
from amiss.clusters.spark.carried import Carried, carried
from amiss.clusters.spark.rows import looked_at
from amiss.clusters.spark.session import checked_spark, map_arrow, names_of, renamed
from amiss.detectors.base import Detector
from amiss.partitions import SAMPLE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCORES = 20_000_000
_SPARE = (
    6.0  # standard deviations of the number of rows drawn: fewer than are wanted come once in a billion times
)
_PRIORITY = "amiss_priority"


def fit(
    df: DataFrame,
    detector: Detector | None = None,
    rows: int = SAMPLE,
    random_state: int = 0,
    *,
    keys: str | Sequence[str] = (),
    whole_threshold: bool = False,
) -> Detector:
    """Fit a detector on a sample of the rows of a Spark data frame.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        It is read twice, with ``whole_threshold`` three times: ``df.persist()`` where it is not read from files.
    detector : Detector, optional
        Of tables or strings; it is fitted and returned. Without, a `TableDetector` with this ``random_state``.
    rows : int
        So many rows are drawn, each set of them as likely as any other, none twice; all where there are no more. Their
        cells have to fit in the memory of this process.
    random_state : int
        Decides which rows are drawn: the same where the data lies in the same partitions.
    keys : str or sequence of str
        Columns that name the rows: they are not learnt from.
    whole_threshold : bool
        Whether to score all rows with the models learnt from the sample, and to learn from those scores where abnormal
        starts. Up to 20 million scores come to this process and the rule, whichever it is, is fitted on them as they
        are; of more, a sample of that size, drawn like the rows.

    Returns
    -------
    Detector

    Raises
    ------
    MissingExtraError
        pyspark, pyarrow or pandas is not installed here.
    DataError
        The data cannot be used, or the detector is one of series.
    """
    checked_spark()
    detector = _table_detector(random_state) if detector is None else detector
    check_points_stand_alone(detector)
    chosen = renamed(df, names := [name for name in df.columns if name not in names_of(keys)])
    count = chosen.count()
    detector.fit(_items(detector, sample(chosen, count, rows, random_state), names))
    if whole_threshold and count > rows:
        learn_threshold(df, detector, count, random_state, names_of(keys))
    return detector


def sample(df: DataFrame, count: int, rows: int, random_state: int) -> Any:
    """Return rows drawn without replacement, each set of them as likely as any other.

    Every row gets a random number, and those with the lowest are taken (bottom-k sampling). Rows whose number is far
    too high stay where they are.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
    count : int
        How many rows there are.
    rows : int
        How many are drawn; all where there are no more.
    random_state : int

    Returns
    -------
    pyarrow.Table
    """
    from pyspark.sql import functions

    if count <= rows:
        return df.toArrow()
    share = (rows + _SPARE * math.sqrt(rows) + _SPARE**2) / count
    drawn = df.withColumn(_PRIORITY, functions.rand(random_state))
    lowest = drawn.where(functions.col(_PRIORITY) < share).orderBy(_PRIORITY).limit(rows)
    return lowest.drop(_PRIORITY).toArrow()


def learn_threshold(
    df: DataFrame, detector: Detector, count: int, random_state: int, keys: Sequence[str] = ()
) -> None:
    """Learn from the scores of all rows where abnormal starts.

    No calibration has seen most of these rows, so their scores stand for those of rows to come as they are.
    """
    scores = _whole_scores(df, detector, count, random_state, keys)
    old = detector.threshold_rule_
    rule = type(old)(**old.parameters()).fit(scores, clean=detector.training_data == "clean")
    detector.threshold_rule_, detector.threshold_ = rule, rule.threshold_
    detector.offset_ = -rule.threshold_
    detector.notes_.append(
        f"The models learnt from a sample; where abnormal starts was learnt from the scores of {len(scores):,} of "
        f"{count:,} {detector.unit}s."
    )


@dataclass(frozen=True)
class _Scores:
    """What an executor does with batches: their scores alone."""

    model: Carried
    names: tuple[str, ...]

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        detector = self.model.detector()
        for batch in batches:
            if batch.num_rows:
                scores = -detector.score_samples(_items(detector, batch, self.names))
                yield pa.RecordBatch.from_arrays([pa.array(scores)], names=["score"])


def _whole_scores(
    df: DataFrame, detector: Detector, count: int, random_state: int, keys: Sequence[str]
) -> FloatArray:
    """Return the scores of all rows, as they are before they are divided by a threshold."""
    from pyspark.sql.types import DoubleType, StructField, StructType

    looked = looked_at(detector, df.columns, keys)
    task = _Scores(carried(df.sparkSession, detector), looked)
    told = map_arrow(renamed(df, looked), task, StructType([StructField("score", DoubleType())]))
    return np.asarray(sample(told, count, SCORES, random_state).column("score").to_numpy())


def _items(detector: Detector, rows: Any, names: Sequence[str]) -> Any:
    """Return Arrow rows as the detector takes them."""
    import polars as pl
    import pyarrow as pa

    return items_of(detector, pl.DataFrame(pl.from_arrow(pa.table(rows.columns, names=list(names)))))


def _table_detector(random_state: int) -> Detector:
    from amiss.detectors.table import TableDetector

    return TableDetector(random_state=random_state)
