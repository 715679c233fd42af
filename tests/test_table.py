"""TableDetector: odd rows and wrong cells of tables of all kinds of columns, explained."""

import numpy as np
import pandas as pd
import pytest

from amiss import TableDetector
from amiss.errors import DataError, NotFittedError, ParameterError


def orders(rows=400, seed=0):
    """A clean table of numbers, levels, dates, texts and identifiers."""
    random = np.random.default_rng(seed)
    amount = random.gamma(20, 5, rows).round(2)
    return pd.DataFrame(
        {
            "order": np.arange(1000, 1000 + rows),
            "amount": amount,
            "tax": (amount * 0.19).round(2),
            "country": random.choice(["DE", "FR", "IT"], rows, p=[0.5, 0.3, 0.2]),
            "day": pd.date_range("2024-01-01", periods=rows),
            "customer": [f"customer {i % 40:02d}" for i in random.integers(0, 40, rows)],
        }
    )


def fitted(data, **parameters):
    return TableDetector(random_state=0, **parameters).fit(data)


@pytest.mark.parametrize(
    ("column", "value", "seen", "expected"),
    [
        ("amount", 9800.0, "9800", "to"),
        ("country", "XX", "XX", '"DE"'),
        ("customer", "custmer 07", "custmer 07", "customer"),
        ("day", pd.Timestamp("2204-01-01"), "2204-01-01", "2024-01-"),
        ("amount", np.nan, "", "to"),
    ],
)
def test_one_wrong_cell_is_found_and_blamed(column, value, seen, expected):
    """A row with one wrong cell is flagged, the cell is the first cause, with what was seen and expected."""
    data = orders()
    data.loc[17, column] = value
    detector = fitted(data)
    anomaly = next(a for a in detector.detect(data) if a.place == 17)
    assert (anomaly.label, anomaly.causes[0].cell, anomaly.causes[0].seen) == ("row 17", column, seen)
    assert anomaly.score > 1
    assert expected in anomaly.causes[0].expected or expected in anomaly.causes[0].reason


def test_wrong_cells_of_new_data_are_found_too():
    """Trained on clean rows, a new row with a wrong tax is flagged for amount and tax."""
    detector = fitted(orders(), training_data="clean")
    new = orders(50, seed=1)
    new.loc[3, "tax"] = 95.0
    anomalies = detector.detect(new).anomalies
    assert anomalies[0].place == 3
    assert {c.cell for c in anomalies[0].causes} <= {"amount", "tax"}


@pytest.mark.parametrize("training_data", ["mixed", "clean"])
@pytest.mark.parametrize(
    "columns",
    [
        ["amount"],
        ["amount", "tax"],
        ["country"],
        ["customer"],
        ["day"],
        ["order"],
        ["country", "customer"],
        None,
    ],
)
def test_same_row_same_score(columns, training_data):
    """A row scores the same as training row, in new data, alone, and shuffled; all scores are finite."""
    data = orders() if columns is None else orders()[columns]
    detector = fitted(data, training_data=training_data)
    assert (detector.scores_ == -detector.score_samples(data)).all()
    assert np.isfinite(detector.scores_).all()
    assert (detector.scores_ >= 0).all()
    shuffle = np.random.default_rng(1).permutation(len(data))
    assert (detector.scores_[shuffle] == -detector.score_samples(data.iloc[shuffle])).all()
    for i in (0, 17, 399):
        assert -detector.score_samples(data.iloc[i : i + 1])[0] == detector.scores_[i]


@pytest.mark.parametrize("model", ["memory:rows=100", "local:rows=100"])
def test_same_seed_same_scores(model):
    """Beyond the rows that are kept, the draw follows random_state alone."""
    rows = np.random.default_rng(0).normal(size=(500, 2))
    first = fitted(rows, models=model)
    assert (first.scores_ == fitted(rows, models=model).scores_).all()
    assert (first.scores_ == -first.score_samples(rows)).all()
    assert (first.scores_ != TableDetector(models=model, random_state=1).fit(rows).scores_).any()


def test_clean_numbers_raise_few_alarms():
    """On new rows like the training rows at most one in a hundred is flagged."""
    random = np.random.default_rng(0)
    detector = fitted(random.normal(size=(1000, 5)))
    assert (detector.predict(random.normal(size=(3000, 5))) == -1).mean() < 0.01


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 2.0]],
        [[1.0, 2.0], [3.0, 4.0]],
        [[None, "a"], [None, "a"]],
        [[np.inf, 1.0], [-np.inf, 2.0], [0.0, np.nan]] * 4,
        [["\x00", "\ud800"], ["", "x" * 10_000], ["=1+1", "<script>"]],
        [[5e-324, 1e300], [-0.0, -1e300], [0.0, 1.0]] * 5,
    ],
)
@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
def test_degenerate_tables_are_scored(rows):
    """One row, two rows, gaps alone, infinities, hostile texts: finite scores and an answer."""
    frame = {f"c{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))}
    detector = fitted(frame)
    answer = detector.detect(frame)
    assert np.isfinite(answer.scores).all()
    assert np.isfinite(detector.cell_scores_).all()


def test_an_even_clock_is_no_reason():
    """The first and last days of a log are as good as any, and so are the days after."""
    data = orders()[["day"]]
    detector = fitted(data)
    after = pd.DataFrame({"day": pd.date_range("2025-02-10", periods=30)})
    assert not detector.detect(data).flags.any()
    assert not detector.detect(after).flags.any()


def test_a_level_never_seen_scores_above_a_frequent_one():
    """An unknown category is defined, and odd."""
    detector = fitted(orders())
    new = orders(3, seed=2)
    new["country"] = ["DE", "DE", "ZZ"]
    new["day"] = pd.Timestamp("2024-05-05")
    scores = -detector.score_samples(new)
    assert scores[2] > scores[:2].max()


def test_reordered_columns_change_nothing_and_missing_ones_are_named():
    """Columns are matched by name."""
    data = orders()
    detector = fitted(data)
    assert (detector.score_samples(data[data.columns[::-1]]) == detector.score_samples(data)).all()
    with pytest.raises(DataError, match="'tax'"):
        detector.score_samples(data.drop(columns="tax"))


def test_cell_scores_point_at_the_cell():
    """The highest cell score is the wrong cell; score_cells gives the same for the same rows."""
    data = orders()
    data.loc[5, "customer"] = "custmer 07"
    detector = fitted(data)
    assert np.unravel_index(detector.cell_scores_.argmax(), data.shape) == (5, 5)
    assert (detector.score_cells(data) == detector.cell_scores_).all()


def test_cell_scores_before_fit_say_what_to_do():
    """Asked too early, the error names the way."""
    with pytest.raises(NotFittedError, match="score_cells"):
        _ = TableDetector().cell_scores_


def test_summary_tells_columns_in_words():
    """The summary holds kinds, usual values and shares of gaps."""
    data = orders()
    data.loc[:39, "country"] = None
    columns = {c["name"]: c for c in fitted(data).summary()["columns"]}
    assert [columns[n]["kind"] for n in data.columns] == [
        "identifier",
        "numeric",
        "numeric",
        "categorical",
        "date",
        "categorical",
    ]
    assert columns["country"]["missing"] == 0.1
    assert columns["country"]["normal"].startswith('"DE" ')
    assert " to " in columns["amount"]["normal"]


def test_models_are_asked_by_name():
    """A committee of the asked models alone decides, and its names are told."""
    data = orders()[["amount", "tax"]]
    detector = fitted(data, models=["memory:k=3", "robust"])
    assert detector.summary()["models"] == ["memory:k=3", "robust"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"models": []}, "models is empty"),
        ({"models": ["rarity"]}, "of tables 'rarity'"),
        ({"models": ["memry"]}, "Did you mean 'memory'"),
        ({"training_data": "dirty"}, "training_data is 'dirty'"),
        ({"models": ["memory:space=polar"]}, "Column space 'polar'"),
        ({"kinds": {"amount": "money"}}, "money"),
    ],
)
def test_wrong_parameters_are_named(parameters, words):
    """Each wrong parameter gets a sentence that names it."""
    with pytest.raises(ParameterError, match=words):
        fitted(orders(), **parameters)


def test_shares_of_causes_sum_to_at_most_one():
    """Causes are at most five, the worst first."""
    data = orders()
    for anomaly in fitted(data).explain(data.iloc[:60]):
        shares = [c.share for c in anomaly.causes]
        assert sum(shares) <= 1 + 1e-12
        assert len(shares) <= 5
        assert shares == sorted(shares, reverse=True)


def test_text_in_a_column_of_numbers_is_odd_where_all_columns_are_numbers():
    """New data may hold what training data did not: it is not taken for a usual number."""
    random = np.random.default_rng(0)
    detector = fitted({"a": random.normal(size=200), "b": random.normal(size=200)})
    found = detector.detect({"a": ["0.1", "oops", "0.2"], "b": [0.1, 0.1, 0.1]})
    assert found.flags.tolist() == [False, True, False]
    assert str(found.anomalies[0].causes[0]).startswith("a oops, expected ")


def test_a_column_that_is_new_is_noted():
    """It is not looked at, and the answer says so."""
    data = orders()
    found = fitted(data).detect(data.assign(colour="red"))
    assert "Column 'colour' was not there when the detector was fitted; it is not looked at." in found.notes


def clean(kind, rows, seed):
    """A table without an error: numbers, categories, dates or identifiers."""
    random = np.random.default_rng([seed, rows])
    start = np.sort(random.integers(0, 700 * 86_400, rows))
    tables = {
        "numbers": {name: random.normal(size=rows).round(4) for name in "abcdef"},
        "categories": {
            "age": random.integers(18, 80, rows),
            "income": random.lognormal(10, 0.4, rows).round(),
            "group": random.choice(["red", "green", "blue"], rows),
            "region": random.choice(["north", "south", "east", "west"], rows, p=[0.4, 0.3, 0.2, 0.1]),
            "member": random.random(rows) < 0.3,
        },
        "dates": {
            "created": pd.Timestamp("2022-01-01") + pd.to_timedelta(start, unit="s"),
            "group": random.choice(["low", "mid", "high"], rows),
            "hours": random.gamma(2, 3, rows).round(1),
        },
        "identifiers": {
            "id": [f"CU-{number:06d}" for number in random.permutation(900_000)[:rows]],
            "phone": [f"+49 {number}" for number in random.integers(1_000_000, 9_999_999, rows)],
            "group": random.choice(["free", "pro", "team"], rows, p=[0.7, 0.2, 0.1]),
            "score": random.normal(50, 10, rows).round(2),
        },
    }
    return pd.DataFrame(tables[kind]).astype(str)


KINDS_OF_TABLES = ["numbers", "categories", "dates", "identifiers"]


@pytest.mark.parametrize("kind", KINDS_OF_TABLES)
@pytest.mark.parametrize("rows", [200, 1000])
def test_a_clean_table_raises_a_handful_of_alarms_at_most(kind, rows):
    """Skewed numbers, rare levels and rows that recur are not taken for anomalies."""
    tables = [clean(kind, rows, seed) for seed in range(4)]
    flagged = [(fitted(data).predict(data) == -1).sum() for data in tables]
    assert np.mean(flagged) <= 3
    assert max(flagged) <= 6


@pytest.mark.parametrize("kind", ["categories", "dates", "identifiers"])
@pytest.mark.parametrize("rows", [200, 1000])
def test_planted_errors_stand_out_of_a_clean_table(kind, rows):
    """A gross number and a level never seen are flagged, and little beside them."""
    data = clean(kind, rows, 0)
    number = {"categories": "income", "dates": "hours", "identifiers": "score"}[kind]
    data.loc[17, number] = "9800000"
    data.loc[93, "group"] = "XX"
    flagged = set(np.flatnonzero(fitted(data).predict(data) == -1).tolist())
    assert {17, 93} <= flagged
    assert len(flagged) <= 10


def test_a_second_kind_of_normal_rows_is_no_mass_of_anomalies():
    """A wide table of few rows: those that the fit did not see lie further out, and are as normal."""
    random = np.random.default_rng(0)
    data = random.normal(size=(500, 5)) @ random.normal(size=(5, 300)) + 0.3 * random.normal(size=(500, 300))
    assert (fitted(data).predict(data) == -1).sum() <= 5


def test_what_is_as_expected_or_frequent_gets_no_blame():
    """A gross amount alone is blamed: neither a level many rows hold, nor a number that is as expected."""
    data = orders()
    data["country"] = np.where(np.arange(len(data)) % 10 == 7, "Liechtenstein", "DE")
    data["quantity"] = 1 + (np.arange(len(data)) % 3)
    data.loc[17, "amount"] = 98000.0
    anomaly = next(a for a in fitted(data.astype(str)).detect(data.astype(str)) if a.place == 17)
    assert anomaly.causes[0].cell == "amount"
    assert "country" not in {cause.cell for cause in anomaly.causes}
    assert all(cause.expected != f"about {cause.seen} beside the other columns" for cause in anomaly.causes)


def test_a_missing_text_is_said_in_a_sentence():
    """Where every text differs, nothing but that it is missing can be said."""
    data = pd.DataFrame(
        {"name": [f"person {i * 7919 % 10_007}" for i in range(300)], "age": np.arange(300) % 60}
    )
    data.loc[5, "name"] = ""
    anomaly = next(a for a in fitted(data.astype(str)).detect(data.astype(str)) if a.place == 5)
    assert str(anomaly.causes[0]).startswith("name missing, as in 1 of 300 rows (")


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_gross_numbers_beside_categories_are_found(share):
    """Amounts forty times too large are flagged though their rows are many and their levels usual."""
    rng = np.random.default_rng(3)
    amount = rng.normal(120, 20, 1000)
    gross = rng.choice(1000, int(1000 * share), replace=False)
    amount[gross] = rng.normal(5000, 300, len(gross))
    country = rng.choice(["DE", "FR", "IT"], 1000, p=[0.6, 0.3, 0.1])
    orders = {"amount": amount, "hours": rng.gamma(2, 3, 1000), "country": country}
    found = np.flatnonzero(TableDetector(random_state=0).fit_predict(orders) == -1)
    assert set(gross) <= set(found)
    assert len(found) <= len(gross) + 3


@pytest.mark.parametrize(("count", "factor"), [(200, 2.0), (1000, 1.5)])
def test_clean_tables_keep_their_promise(count: int, factor: float) -> None:
    """Clean rows of dependent columns: new ones lie beyond the line about as often as told, not far more often."""
    told, seen = [], []
    for seed in range(5):
        draw = np.random.default_rng(seed)
        rows = draw.normal(size=(count + 4000, 3)) @ draw.normal(size=(3, 4))
        rows += 0.3 * draw.normal(size=rows.shape)
        detector = TableDetector(training_data="clean", random_state=0).fit(rows[:count])
        told.append(detector.threshold_rule_.expected_by_chance())
        seen.append(np.mean(detector.predict(rows[count:]) == -1))
    assert np.mean(seen) < factor * np.mean(told)
