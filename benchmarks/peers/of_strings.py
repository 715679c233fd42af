"""Peers on strings and on the cells of dirty tables: counts of values, patterns and n-grams; the tutorial's network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from peers.peer import Peer

from amiss.evaluation import Case, Scored


def pattern(text: str) -> str:
    """Return a text with runs of capitals, small letters and digits as A, a, 9."""
    return re.sub("[0-9]+", "9", re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", text)))


def rarity(keys: Iterable[str]) -> np.ndarray:
    """Return -log of the share of items that have the same key."""
    found = list(keys)
    counts = Counter(found)
    return -np.log(np.array([counts[key] for key in found]) / len(found))


def rare(key: Callable[[str], str]) -> Callable[[Case, int], Scored]:
    """Return what scores a string by how rare its key is, and a cell by how rare it is in its column."""

    def score(case: Case, seed: int) -> Scored:
        if case.judged is None:
            return Scored(rarity(map(key, case.training)), None)
        columns = [rarity(map(key, column)) for column in case.training.values()]
        return Scored(np.column_stack(columns)[:, case.judged].ravel(), None)

    return score


def trigrams(case: Case, seed: int) -> Scored:
    """The least likely character given the two before it, add-one smoothed."""
    texts = [f"\x02\x02{text}\x03" for text in case.training]
    threes = Counter(text[i : i + 3] for text in texts for i in range(len(text) - 2))
    twos = Counter(text[i : i + 2] for text in texts for i in range(len(text) - 2))
    letters = len({letter for text in texts for letter in text})
    scores = [
        max(
            -np.log((threes[text[i : i + 3]] + 1) / (twos[text[i : i + 2]] + letters))
            for i in range(len(text) - 2)
        )
        for text in texts
    ]
    return Scored(np.array(scores), None)


def features(texts: list[str]) -> np.ndarray:
    """Return counts a string: length, kinds of characters, distinct ones, and how rare its rarest one is."""
    letters = Counter(letter for text in texts for letter in set(text))
    rows = []
    for text in texts:
        kinds = [sum(test(c) for c in text) for test in (str.isupper, str.islower, str.isdigit, str.isspace)]
        rarest = max((-np.log(letters[c] / len(texts)) for c in text), default=0.0)
        rows.append([len(text), *kinds, len(text) - sum(kinds), len(set(text)), rarest])
    return np.array(rows, float)


def feature_forest(case: Case, seed: int) -> Scored:
    """scikit-learn's IsolationForest on counts of characters."""
    from sklearn.ensemble import IsolationForest

    rows = features(case.training)
    forest = IsolationForest(random_state=seed).fit(rows)
    scores = -forest.score_samples(rows)
    return Scored(scores, scores > -forest.offset_)


def n_gram_neighbours(case: Case, seed: int) -> Scored:
    """scikit-learn's LocalOutlierFactor on TF-IDF of character n-grams (1 to 3)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import LocalOutlierFactor

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False)
    rows = vectors.fit_transform([f"\x02{text}\x03" for text in case.training])
    factor = LocalOutlierFactor(metric="cosine").fit(rows)
    return Scored(-factor.negative_outlier_factor_, -factor.negative_outlier_factor_ > -factor.offset_)


def tutorial_autoencoder(case: Case, seed: int) -> Scored:
    """The tutorial's autoencoder of one-hot characters, mean + 3 standard deviations."""
    from peers.tutorials import spelling_errors

    errors = spelling_errors(case.training, seed)
    return Scored(errors, errors > errors.mean() + 3 * errors.std())


PEERS = [
    Peer("character trigrams", ("strings",), (), trigrams),
    Peer("pattern rarity", ("strings", "cells"), (), rare(pattern)),
    Peer("value rarity", ("strings", "cells"), (), rare(str)),
    Peer("features + IForest", ("strings",), ("sklearn",), feature_forest),
    Peer("n-grams + LOF", ("strings",), ("sklearn",), n_gram_neighbours),
    Peer("tutorial autoencoder", ("strings",), ("tensorflow", "keras"), tutorial_autoencoder),
]
