"""Fit and score by groups: a model of its own for each of very many groups of rows, learnt where the rows lie."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import amiss
from amiss.batch import AnyArray
from amiss.clusters.scoring import ANSWER, items_of
from amiss.clusters.spark.carried import one_thread
from amiss.clusters.spark.rows import answer_schema
from amiss.clusters.spark.session import apply_arrow, checked_spark, names_of, renamed
from amiss.detectors.base import Detector
from amiss.errors import AmissError, DataError, ParameterError, SourceError, in_one_line
from amiss.packed import pack, unpack

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LEAST_ROWS = 20


def fit_score_by(
    df: DataFrame,
    by: str | Sequence[str],
    detector: Detector | None = None,
    *,
    keys: str | Sequence[str] = (),
    columns: Sequence[str] | None = None,
    least_rows: int = LEAST_ROWS,
    causes: bool = True,
) -> DataFrame:
    """Learn one model a group of rows, and return what is amiss in each group: what `Detector.fit_detect` says of it.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
    by : str or sequence of str
        The columns whose values name a group.
    detector : Detector, optional
        Each group gets a fresh one with its parameters; of any kind, of series too. Without,
        ``TableDetector(models="fast", random_state=0)``.
    keys : str or sequence of str
        Columns that name the rows: they are not looked at and come back as they are.
    columns : sequence of str, optional
        The columns to look at; all but ``by`` and ``keys`` without.
    least_rows : int
        Groups of fewer rows get no model.
    causes : bool
        Whether to say why a row is anomalous.

    Returns
    -------
    pyspark.sql.DataFrame
        One row a row of ``df``: ``by``, ``keys``, then the answer as `score` gives it, and ``error``: null, or why the
        group has no answer, in a sentence; score, p_value, anomalous and causes are null there. A group that cannot be
        looked at never ends the others. However the rows lie in partitions, the answer is the same.

    Raises
    ------
    MissingExtraError
        pyspark, pyarrow or pandas is not installed here.
    SourceError
        A column of ``by``, ``keys`` or ``columns`` is no column.
    ParameterError
        A parameter of the detector cannot be sent, such as a generator or a network of your own.
    """
    checked_spark()
    from pyspark.sql.types import StringType, StructField, StructType

    detector = amiss.TableDetector(models="fast", random_state=0) if detector is None else detector
    by, keys = names_of(by), names_of(keys)
    others = [name for name in df.columns if name not in by + keys]
    looked = tuple(others if columns is None else columns)
    _check_columns(df.columns, by, keys, looked)
    answer = answer_schema(df, [*by, *keys], causes)
    schema = StructType([*answer.fields, StructField(_error_name(answer.names), StringType())])
    asked = [*by, *keys, *looked]
    task = GroupTask(
        type(detector).__name__, _packed(detector), len(by + keys), looked, tuple(schema.names), least_rows
    )
    grouped = [f"c{i}" for i in range(len(by))]
    return apply_arrow(renamed(df, asked), grouped, replace(task, causes=causes), schema)


@dataclass(frozen=True)
class GroupTask:
    """What an executor does with a group whose first columns name it and its rows, and the next are to look at."""

    kind: str
    parameters: bytes
    named: int
    looked: tuple[str, ...]
    names: tuple[str, ...]
    least_rows: int
    causes: bool = True

    def __call__(self, table: Any) -> Any:
        """Return the answer on the rows of one group, an Arrow table."""
        import pyarrow as pa

        one_thread()
        from polars.exceptions import PanicException

        try:
            order, told, error = *self._answer(table), None
        except (Exception, PanicException) as failure:  # noqa: BLE001 - it is told in the answer, and the other groups go on
            order, told, error = np.arange(table.num_rows), None, _sentence(failure)
        kept = table.select(range(self.named)).take(pa.array(order))
        answer = _columns(told, table.num_rows, self.causes)
        answer.append(pa.array([error] * table.num_rows, pa.string()))
        return pa.table([*kept.columns, *answer], names=list(self.names))

    def _answer(self, table: Any) -> tuple[AnyArray, dict[str, Any]]:
        """Return in which order the rows were looked at, and what was found.

        The order is that of their values: so it is the same however the rows came.
        """
        import polars as pl
        import pyarrow as pa

        if table.num_rows < self.least_rows:
            raise DataError(
                f"The group has {table.num_rows} row{'s' * (table.num_rows != 1)}, and learning takes at least "
                f"{self.least_rows}. Name other columns of groups, or lower least_rows."
            )
        cells = pa.table(table.columns[self.named :], names=list(self.looked))
        frame = pl.DataFrame(pl.from_arrow(cells))
        order = frame.select(pl.arg_sort_by(frame.columns, nulls_last=True, maintain_order=True)).to_series()
        frame = frame[order]
        detector: Detector = getattr(amiss, self.kind)(**unpack(self.parameters))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = detector.fit_detect(items_of(detector, frame))
        return order.to_numpy(), found.to_columns()


def _columns(told: dict[str, Any] | None, count: int, causes: bool) -> list[Any]:
    """Return the columns of an answer as Arrow arrays, null where there is none."""
    import pyarrow as pa

    names = ANSWER if causes else ANSWER[:-1]
    kinds = (pa.float64(), pa.float64(), pa.bool_(), pa.string())
    if told is None:
        return [pa.nulls(count, kind) for _, kind in zip(names, kinds, strict=False)]
    flags = told["anomalous"].tolist()
    said = [text if odd else None for text, odd in zip(told["causes"], flags, strict=True)]
    values = [told["score"], told["p_value"], flags, said][: len(names)]
    return [pa.array(column, kind) for column, kind in zip(values, kinds, strict=False)]


def _sentence(failure: BaseException) -> str:
    if isinstance(failure, AmissError):
        return str(failure)
    return f"The group cannot be looked at ({type(failure).__name__}: {in_one_line(failure)})."


def _check_columns(names: Sequence[str], *asked: Sequence[str]) -> None:
    wanted = [name for some in asked for name in some]
    for name in wanted:
        if name not in names:
            raise SourceError(
                f"There is no column {name!r}. The columns: {', '.join(names)}. Choose among them."
            )
        if wanted.count(name) > 1:
            raise ParameterError(f"Column {name!r} is named twice. Legal: once, in by, keys or columns.")
    if not asked[0] or not asked[-1]:
        what = "by: the columns that name a group" if not asked[0] else "columns: what to look at"
        raise ParameterError(f"No column is named in {what}. The columns: {', '.join(names)}.")


def _packed(detector: Detector) -> bytes:
    try:
        return pack(detector.get_params())
    except AmissError as error:
        raise ParameterError(
            f"The detector cannot be sent to executors: {error} Give plain values, names of models, a whole number as "
            "random_state."
        ) from error


def _error_name(names: Sequence[str]) -> str:
    called = "error"
    while called in [name.lower() for name in names]:
        called = f"amiss_{called}"
    return called
