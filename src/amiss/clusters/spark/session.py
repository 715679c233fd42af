"""What this package asks of Spark itself: that it is there, and columns by their very names."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from amiss.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType


def checked_spark() -> None:
    """Raise where pyspark, or what it needs where the session is, is not installed.

    Raises
    ------
    MissingExtraError
    """
    try:
        import pandas  # noqa: F401 - pyspark asks for it where the session is, and uses nothing of it here
        import pyarrow  # noqa: F401
        import pyspark  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of("Spark", "pyspark, pyarrow and pandas", "spark") from error


def names_of(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name, or several, as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def renamed(frame: DataFrame, names: Sequence[str]) -> DataFrame:
    """Return the columns of those names, called ``c0``, ``c1``, ...: so that dots and quotes in a name do no harm.

    Raises
    ------
    DataError
        Two columns have one name.
    """
    from pyspark.sql import functions

    for name in names:
        if frame.columns.count(name) > 1:
            raise DataError(
                f"Column {name!r} occurs twice. Names of columns must differ. Rename one: df.withColumnRenamed."
            )
    quoted = [name.replace("`", "``") for name in names]
    return frame.select([functions.col(f"`{name}`").alias(f"c{i}") for i, name in enumerate(quoted)])


def map_arrow(
    frame: DataFrame, function: Callable[[Iterator[Any]], Iterator[Any]], schema: StructType
) -> DataFrame:
    """Return ``frame.mapInArrow(function, schema)``."""
    with _about_pandas():
        return frame.mapInArrow(function, schema)


def apply_arrow(
    frame: DataFrame, by: Sequence[str], function: Callable[[Any], Any], schema: StructType
) -> DataFrame:
    """Return ``frame.groupBy(by).applyInArrow(function, schema)``."""

    def on_group(table: Any) -> Any:  # Spark counts the arguments, of an object's method one too many
        return function(table)

    with _about_pandas():
        return frame.groupBy(*by).applyInArrow(on_group, schema)


@contextmanager
def _about_pandas() -> Iterator[None]:
    """Leave out that pyspark does not know pandas 3: no frame of pandas is made here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield
