"""The command line on many series: keys, zones, a model that knows its keys, what could not be looked at."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from amiss import cli
from test_many_series import BEGIN, HOUR, course

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """Return a Parquet and a CSV file of two hosts with two metrics each, and one that holds no values."""
    times = BEGIN + np.arange(300) * HOUR
    parts = [
        pl.DataFrame(
            {
                "ts": times,
                "host": f"web{at % 2}",
                "metric": ["cpu", "disk"][at // 2],
                "value": course(at, 300),
            }
        )
        for at in range(4)
    ]
    gone = parts[0].with_columns(pl.lit("gone").alias("host"), pl.lit(None, pl.Float64).alias("value"))
    data = pl.concat([*parts, gone]).sort("ts", maintain_order=True)
    folder = tmp_path_factory.mktemp("many")
    data.write_parquet(folder / "metrics.parquet")
    data.write_csv(folder / "metrics.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    return folder


def amiss(*words, status):
    """Run a command; return what it printed."""
    done = CliRunner().invoke(cli.amiss, [str(word) for word in words], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    assert done.return_value == status, done.output
    return done.output


def test_keys_and_zone_are_taken(metrics, tmp_path, monkeypatch):
    """One command: the worst first, each with its keys and local times; the report; what was not looked at."""
    monkeypatch.chdir(tmp_path)
    words = (
        "detect",
        metrics / "metrics.csv",
        "--time",
        "ts",
        "--by",
        "host,metric",
        "--tz",
        "Europe/Berlin",
    )
    said = amiss(*words, status=1).splitlines()
    assert "Taken for series: you named its keys: 'host', 'metric'." in said
    assert "Series: 5 by host, metric, 1 of them not looked at; each has models of its own." in said
    assert any(line.startswith("host web1, metric disk: 2026-01-") and "+01:00" in line for line in said)
    assert "Note: 1 of 5 series could not be looked at and is not scored: host gone, metric cpu." in said
    assert any(
        line.startswith("Not looked at: host gone, metric cpu: None of its 300 points") for line in said
    )
    assert 'data-place="4"' in (tmp_path / "report.html").read_text("utf-8")


def test_the_answer_as_json_names_the_series(metrics):
    """Each anomaly says which; those that failed are listed; keys may be named one by one."""
    words = ("detect", metrics / "metrics.parquet", "--by", "host", "--by", "metric", "--json", "--jobs", "2")
    answer = json.loads(amiss(*words, status=1))
    assert {a["series"] for a in answer["anomalies"]} <= {
        f"host web{i}, metric {m}" for i in (0, 1) for m in ("cpu", "disk")
    }
    assert list(answer["failed"]) == ["host gone, metric cpu"]
    assert answer["learnt"]["series"] == {"count": 5, "failed": 1, "by": ["host", "metric"], "share": False}


@pytest.mark.parametrize("share", [(), ("--share",)])
def test_a_model_knows_its_keys(metrics, tmp_path, share):
    """Learnt once, it judges by the keys it was learnt with, and explains a row; how many processes is free."""
    model = tmp_path / "m.amiss"
    said = amiss("fit", metrics / "metrics.parquet", "--by", "host,metric", *share, "-o", model, status=0)
    assert ("they share one model" if share else "each has models of its own") in said
    plain = json.loads(amiss("detect", metrics / "metrics.parquet", "-m", model, "--json", status=1))
    two = json.loads(amiss("detect", metrics / "metrics.csv", "-m", model, "--jobs", 2, "--json", status=1))
    assert [a["label"] for a in plain["anomalies"]] == [a["label"] for a in two["anomalies"]]
    told = amiss("explain", metrics / "metrics.csv", "-m", model, "--item", 3, status=0)
    assert told.startswith("host web1, metric disk: 2026-01-01T00:00: ")
    assert "Series: 5 by host, metric" in amiss("info", model, status=0)


def test_columns_apart_are_series(metrics, tmp_path):
    """Wide form on the command line."""
    wide = pl.read_parquet(metrics / "metrics.parquet").filter(pl.col("host") == "web0")
    wide.pivot("metric", index="ts", values="value").write_parquet(tmp_path / "wide.parquet")
    answer = json.loads(amiss("detect", tmp_path / "wide.parquet", "--apart", "--json", status=1))
    assert {a["series"] for a in answer["anomalies"]} == {"cpu", "disk"}


def test_a_wrong_key_column_is_told_with_a_guess(metrics):
    """As every wrong column is."""
    with pytest.raises(ValueError, match=r"'hst' is not there\. The columns are .*\. Did you mean 'host'\?"):
        amiss("detect", metrics / "metrics.parquet", "--by", "hst,metric", "--no-report", status=2)
