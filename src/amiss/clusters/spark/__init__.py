"""Spark: detectors on the data frames of a Spark cluster.

Everything here is `amiss.clusters.score_batches`, or `Detector.fit_detect` of a group, called where the data lies:
Spark hands Arrow batches to Python processes of its executors, and takes Arrow batches back. Executors need amiss and
pyarrow, and neither torch nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amiss.clusters.spark.fitting import fit
from amiss.clusters.spark.groups import fit_score_by
from amiss.clusters.spark.rows import score
from amiss.clusters.spark.streams import foreach_batch, to_folder

if TYPE_CHECKING:
    from amiss.clusters.spark.pipeline import DetectorTransformer

__all__ = ["DetectorTransformer", "fit", "fit_score_by", "foreach_batch", "score", "to_folder"]


def __getattr__(name: str) -> Any:
    """Return the pipeline's transformer, whose base class is Spark's: it is there once Spark is asked for."""
    if name != "DetectorTransformer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from amiss.clusters.spark.session import checked_spark

    checked_spark()
    from amiss.clusters.spark.pipeline import DetectorTransformer

    return DetectorTransformer
