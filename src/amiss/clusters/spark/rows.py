"""Score: every row of a Spark data frame gets what it gets from `amiss.clusters.score_batches`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amiss.clusters.scoring import ANSWER, answer_names, score_batches
from amiss.clusters.spark.carried import Carried, Model, carried, detector_from
from amiss.clusters.spark.session import checked_spark, map_arrow, names_of, renamed
from amiss.detectors.base import Detector

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType


def score(df: DataFrame, model: Model, keys: str | Sequence[str] = (), causes: bool = True) -> DataFrame:
    """Return the answer on each row of a Spark data frame.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        Rows of the columns that the model learnt from; other columns are not sent.
    model : Detector or path
        A fitted detector of tables or strings, or its model file. It goes to each executor once.
    keys : str or sequence of str
        Columns that name the rows: they are not looked at and come back as they are, of any type.
    causes : bool
        Whether to say why a row is anomalous; without, it takes less time.

    Returns
    -------
    pyspark.sql.DataFrame
        The keys, then ``score`` (multiples of the threshold: 1.0 is the line), ``p_value``, ``anomalous`` and
        ``causes`` (null where the row is not anomalous). Where a key has such a name, in small letters or large:
        ``amiss_score``. Nothing is counted before the frame is asked for something.

    Raises
    ------
    MissingExtraError
        pyspark, pyarrow or pandas is not installed here.
    DataError
        A column is missing, or the model is one of series or holds a network of your own.
    SourceError
        A key is no column.
    ModelFileError
        The model file was refused.
    """
    checked_spark()
    detector, keys = detector_from(model), names_of(keys)
    looked = looked_at(detector, df.columns, keys)
    return answered(df, carried(df.sparkSession, detector), looked, keys, causes)


@dataclass(frozen=True)
class Task:
    """What an executor does with batches whose first columns are those to look at, and the next ones the keys."""

    model: Carried
    looked: tuple[str, ...]
    names: tuple[str, ...]
    causes: bool

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the answer on each Arrow batch: the keys as they came, then the scores."""
        import pyarrow as pa

        detector = self.model.detector()
        import polars as pl

        count = len(self.looked)
        for batch in batches:
            cells = pa.table(batch.columns[:count], names=list(self.looked))
            frame = pl.DataFrame(pl.from_arrow(cells))
            answer = next(score_batches(detector, [frame], causes=self.causes)).to_arrow()
            told = [column.combine_chunks() for column in answer.columns]
            told = [text.cast(pa.string()) if i == 3 else text for i, text in enumerate(told)]
            yield pa.RecordBatch.from_arrays([*batch.columns[count:], *told], names=list(self.names))


def looked_at(detector: Detector, names: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a detector looks at, in their order.

    Raises
    ------
    DataError, SourceError
        What the detector says of one row of nothing with these columns.
    """
    import polars as pl

    columns = getattr(detector, "columns_", None)  # a list of strings has none
    learnt = columns.names_ if columns is not None and columns.named_ else ()
    rest = [name for name in names if name not in keys]
    looked = tuple(learnt) if learnt and set(learnt) <= set(names) else tuple(rest)
    probe = pl.DataFrame(
        {name: [None] for name in dict.fromkeys([*looked, *(k for k in keys if k in names)])}
    )
    next(score_batches(detector, [probe], [key for key in keys if key not in looked], causes=False))
    return looked


def answered(
    df: DataFrame, model: Carried, looked: tuple[str, ...], keys: tuple[str, ...], causes: bool
) -> DataFrame:
    """Return the keys of each row and the answer on it."""
    schema = answer_schema(df, keys, causes)
    return map_arrow(renamed(df, [*looked, *keys]), Task(model, looked, tuple(schema.names), causes), schema)


def answer_schema(df: DataFrame, keys: Sequence[str], causes: bool = True) -> StructType:
    """Return the columns of an answer: the keys as they are in the data, then the answer's."""
    from pyspark.sql.types import BooleanType, DoubleType, StringType, StructField, StructType

    kinds = dict(zip(ANSWER, (DoubleType(), DoubleType(), BooleanType(), StringType()), strict=True))
    called = answer_names([key.lower() for key in keys])
    told = [StructField(called[name], kind) for name, kind in kinds.items() if causes or name != "causes"]
    return StructType([*(df.schema[key] for key in keys), *told])
