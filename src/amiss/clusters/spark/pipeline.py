"""A stage of Spark's pipelines that scores rows; it is saved as the JSON of its parameters, the model among them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pyspark import keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame

from amiss.clusters.spark.carried import Model, bytes_of, carried, detector_from, detector_of
from amiss.clusters.spark.rows import answered, looked_at


class DetectorTransformer(Transformer, DefaultParamsReadable["DetectorTransformer"], DefaultParamsWritable):
    """Add the answer of a fitted detector to the rows of a data frame.

    Parameters
    ----------
    model : Detector or path
        A fitted detector of tables or strings, or its model file, which is read at once.
    keys : sequence of str
        Columns that are not looked at.
    causes : bool
        Whether to say why a row is anomalous.

    Raises the errors of `amiss.clusters.spark.score`.
    """

    model: Param[str] = Param(
        Params._dummy(), "model", "the model file, in base64", typeConverter=TypeConverters.toString
    )
    keys: Param[Sequence[str]] = Param(
        Params._dummy(), "keys", "columns that are not looked at", typeConverter=TypeConverters.toListString
    )
    causes: Param[bool] = Param(
        Params._dummy(),
        "causes",
        "whether to say why a row is anomalous",
        typeConverter=TypeConverters.toBoolean,
    )

    @keyword_only
    def __init__(self, *, model: Model | None = None, keys: Sequence[str] = (), causes: bool = True) -> None:
        super().__init__()
        self._setDefault(keys=[], causes=True)
        self._set(keys=list(keys), causes=causes)
        if model is not None:
            content = bytes_of(detector_from(model))
            self._set(model=base64.b64encode(content).decode("ascii"))

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Return all columns of the data, and the answer on each row beside them."""
        detector = detector_of(base64.b64decode(self.getOrDefault(self.model)))
        keys = self.getOrDefault(self.keys)
        looked = looked_at(detector, dataset.columns, keys)
        sent = carried(dataset.sparkSession, detector)
        return answered(dataset, sent, looked, tuple(dataset.columns), self.getOrDefault(self.causes))
