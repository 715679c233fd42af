"""Score Parquet files on a Spark cluster, as a job of its own.

::

    spark-submit --master spark://HOST:7077 examples/spark_job.py MODEL INPUT OUTPUT [KEY ...]

MODEL is a model file of amiss, INPUT and OUTPUT are folders that the executors reach. Each executor needs a Python with
amiss and pyarrow: name it in PYSPARK_PYTHON.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

from amiss.clusters import spark
from amiss.errors import AmissError


def main(model: str, rows: str, answer: str, *keys: str) -> None:
    """Score the rows of a folder of Parquet files; write keys and answers into another."""
    session = SparkSession.builder.appName("amiss").getOrCreate()
    try:
        spark.score(session.read.parquet(rows), model, keys).write.mode("overwrite").parquet(answer)
    except AmissError as error:
        sys.exit(str(error))
    finally:
        session.stop()


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("Give MODEL INPUT OUTPUT and the columns that name the rows.")
    main(*sys.argv[1:])
