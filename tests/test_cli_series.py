"""The command line on series as they come: how times are written, rows of one time, missing values."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from amiss import cli
from amiss.errors import AmissError

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    """300 days written day first, the 40th twice; the value of the 99th is missing."""
    lines = ["day,value"]
    for day in range(300):
        month, of_month = divmod(day, 28)
        value = "" if day == 99 else f"{day % 7}"
        lines += [f"{of_month + 1:02d}/{month % 12 + 1:02d}/2024,{value}"] * (2 if day == 40 else 1)
    place = tmp_path_factory.mktemp("readings") / "readings.csv"
    place.write_text("\n".join(lines) + "\n")
    return place


def told(*words):
    """Return the answer of ``amiss detect`` as JSON."""
    done = CliRunner().invoke(cli.amiss, ["detect", *map(str, words), "--json"], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return json.loads(done.output)


def test_the_order_of_day_and_month_is_taken(readings):
    """Day first the series ends in November; month first it cannot be read, and the sentence says where."""
    answer = told(readings, "--time", "day", "--time-format", "dmy")
    assert answer["learnt"]["end"].startswith("2024-11-20")
    with pytest.raises(AmissError, match="day"):
        told(readings, "--time", "day", "--time-format", "mdy")


def test_missing_values_count_as_asked(readings):
    """A missing value is a gap; as zero it is a value like any other."""
    masked = told(readings, "--time", "day", "--time-format", "dmy")
    zero = told(readings, "--time", "day", "--time-format", "dmy", "--gap", "zero")
    assert masked["learnt"]["gap"] == "mask"
    assert zero["learnt"]["gap"] == "zero"


def test_rows_of_one_time_can_be_refused(readings):
    """The sentence names the rows."""
    with pytest.raises(AmissError, match="41"):
        told(readings, "--time", "day", "--time-format", "dmy", "--duplicates", "error")


@pytest.mark.parametrize("option", ["--time-format", "--duplicates", "--gap"])
def test_what_is_not_legal_is_told_with_what_is(readings, option):
    """One sentence: the value and the legal ones."""
    with pytest.raises(AmissError, match=r"is 'other'\. Legal: '"):
        told(readings, "--time", "day", option, "other")
