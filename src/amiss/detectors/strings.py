"""StringDetector: which strings of a list do not fit, which character of each, and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.detection import Anomaly, StringEvidence
from amiss.detectors.base import Detector
from amiss.models.asked import fresh_models
from amiss.models.base import AnyModel, Clue, StringModel
from amiss.models.check_digit import CheckDigit
from amiss.text.characters import LENGTH_LIMIT, Characters, Strings
from amiss.text.patterns import Patterns
from amiss.text.texts import quoted, read_strings
from amiss.thresholds import Threshold
from amiss.thresholds.by_labels import bad_and_good

_DEFAULT = ("rarity", "cloze", "typo", "check_digit")
_FAST = ("rarity", "ngram", "typo", "check_digit")
_CAUSES = 5
_NEAR = 1
_LEAST = 0.02
_FEW = 50
_PLENTY = 3.0


class StringDetector(Detector):
    """Learn what is normal in a list of strings and tell which do not fit.

    Parameters
    ----------
    models : "auto", "fast", str, StringModel, Autoencoder, or list of those
        What looks at the strings; "auto" is rarity, cloze, typo and check_digit; "fast" has ngram,
        which only counts, in place of the network. Their scores, evidence in nats, are added.
    threshold : str or Threshold
        The rule that says where abnormal starts; "auto" is "peaks", held between one and three
        times log(rows), the surprise of what is the only one of its kind (from 50 rows on).
    training_data : "mixed" or "clean"
        Whether the strings given to `fit` may hold anomalies.
    random_state : int, Generator, RandomState or None
        Draws the first weights of the network, and what it and the n-grams learn from.

    Attributes
    ----------
    models_ : list of StringModel
    patterns_ : Patterns
        The patterns of the list, and the regular expression suggested for it.

    Examples
    --------
    >>> serials = [f"AB{i:02d}-{i % 7}E" for i in range(100)]
    >>> detector = StringDetector(random_state=0).fit(serials)
    >>> print(detector.patterns_.expression.pattern)
    ^AB[0-9]{2}-[0-9]E$
    """

    kind: ClassVar[str] = "strings"
    unit: ClassVar[str] = "string"

    models_: list[StringModel]
    patterns_: Patterns
    rows_: int
    shortest_: int
    longest_: int

    def __init__(
        self,
        models: Any = "auto",
        threshold: Any = "auto",
        training_data: str = "mixed",
        random_state: Any = None,
    ) -> None:
        self.models = models
        self.threshold = threshold
        self.training_data = training_data
        self.random_state = random_state

    def _learn(self, values: list[str], random_state: np.random.Generator) -> FloatArray:
        models = string_models(self.models, self.training_data == "clean")
        strings, where = Strings.of(values)
        self.models_ = [model.fit(strings, random_state) for model in models]
        self.patterns_ = Patterns(strings)
        self.rows_ = len(where)
        lengths = [len(value) for value in strings.values]
        self.shortest_, self.longest_ = min(lengths), max(lengths)
        return strings.map(self._score_block)[where]

    def _kept(self, data: Any, labels: Any) -> tuple[Any, BoolArray, BoolArray]:
        values, _ = read_strings(data)
        bad, good = bad_and_good(labels, len(values))
        return [value for value, odd in zip(values, bad.tolist(), strict=True) if not odd], bad, good

    def _score(self, values: list[str]) -> FloatArray:
        strings, where = Strings.of(values)
        return strings.map(self._score_block)[where]

    def _score_block(self, block: Characters) -> FloatArray:
        total = np.zeros(len(block))
        for model in self.models_:
            total = total + model.score(block)
        # softplus: scores stay in order and become positive
        return np.asarray(np.logaddexp(0.0, total))

    def _set_threshold(self, rule: Threshold, scores: FloatArray) -> None:
        super()._set_threshold(rule, scores)
        if self.threshold != "auto" or len(scores) < _FEW:
            return
        # the only one of its kind among n rows holds log(n) nats: less is no evidence, thrice that always is
        alone = float(np.log(len(scores)))
        line = min(max(self.threshold_, alone), _PLENTY * alone)
        self.threshold_rule_.threshold_ = self.threshold_ = line
        self.offset_ = -line

    def _reading(self, data: Any) -> list[str]:
        values, missing = read_strings(data)
        notes = []
        if missing:
            notes.append(f"{missing:,} missing value{'s' * (missing != 1)} read as the empty string.")
        long = sum(len(value) > LENGTH_LIMIT for value in values)
        if long:
            notes.append(
                f"{long:,} string{'s' * (long != 1)} of more than {LENGTH_LIMIT} characters: "
                f"only the first {LENGTH_LIMIT} characters are read."
            )
        for note in notes:
            if note not in self.notes_:
                self._note(note)
        return values

    def _explain(
        self, values: list[str], scores: FloatArray, flagged: AnyArray
    ) -> tuple[list[Anomaly], StringEvidence]:
        strings, where = Strings.of([values[i] for i in flagged])
        clues, surprise = self._clues(strings)
        p_values = self.threshold_rule_.p_values(scores[flagged])
        anomalies = [
            Anomaly(
                place=int(place),
                label=quoted(values[place]),
                score=self._relative(scores[place]),
                p_value=float(p),
                causes=tuple(replace(clue.cause, share=share) for clue, share in clues[distinct]),
            )
            for place, p, distinct in zip(flagged, p_values, where, strict=True)
        ]
        texts, characters = [values[i] for i in flagged], [surprise[i] for i in where]
        return anomalies, StringEvidence(np.asarray(flagged, np.int64), texts, characters)

    def _clues(self, strings: Strings) -> tuple[list[list[tuple[Clue, float]]], list[FloatArray]]:
        """Return, for each string, what to blame with its share, and the surprise of each character."""
        causes, characters, models = [], [], self.models_
        for check in self.models_:
            if isinstance(check, CheckDigit) and check.scheme_:
                models = [model.asking(check.passes) for model in models]
        for _, block in strings.blocks():
            found, told = zip(*[model.explained(block) for model in models], strict=True)
            views = [view for view in told if view is not None] or [
                [np.zeros(len(value) + 1) for value in block.values]
            ]
            surprise = [np.asarray(np.mean(several, axis=0)) for several in zip(*views, strict=True)]
            for i, value in enumerate(block.values):
                clues = merged([clue for clues in found for clue in clues[i]])
                causes.append(clues)
                characters.append(highlighted(len(value), surprise[i], clues))
        return causes, characters

    def _fitted_models(self) -> Sequence[AnyModel]:
        return self.models_

    def _probe(self) -> list[str]:
        usual = [pattern.example for pattern in self.patterns_.listed[:5]]
        return [*usual, *(text[:-1] for text in usual), *(text[1:] + "~" for text in usual), "", "~"]

    def summary(self) -> dict[str, Any]:
        """Return what was learnt: patterns, the expression suggested, the check digit, lengths."""
        self._check_is_fitted()
        expression = self.patterns_.expression
        schemes = [m.scheme_ for m in self.models_ if isinstance(m, CheckDigit) and m.scheme_]
        return {
            "kind": self.kind,
            "items": self.rows_,
            "models": [model.spec() for model in self.models_],
            "threshold": {
                "rule": self.threshold_rule_.spec(),
                "value": self.threshold_,
                "chance": self.threshold_rule_.expected_by_chance(),
            },
            "training_data": self.training_data,
            "random_state": self.random_state if isinstance(self.random_state, int) else None,
            "networks": self.history_,
            "notes": list(self.notes_),
            "patterns": [
                {"pattern": p.text, "share": p.share, "example": p.example} for p in self.patterns_.listed
            ],
            "regex": expression and {"pattern": expression.pattern, "coverage": expression.coverage},
            "check_digit": schemes[0] if schemes else None,
            "length": {"min": self.shortest_, "max": self.longest_},
        }


def string_models(asked: Any, clean: bool = False) -> list[StringModel]:
    """Return fresh models as asked for.

    Raises
    ------
    UnknownPartError
        No model of that name looks at strings.
    ParameterError
        None is asked for.
    """
    return fresh_models("strings", asked, _FAST if asked in ("fast", ["fast"]) else _DEFAULT, clean)


def merged(clues: Sequence[Clue]) -> list[tuple[Clue, float]]:
    """Return the strongest clues and their shares; those about one character count as one."""
    total = sum(clue.strength for clue in clues)
    kept: list[Clue] = []
    for clue in sorted(clues, key=lambda clue: -clue.strength):
        same = next((i for i, other in enumerate(kept) if _touch(clue, other)), None)
        if same is None:
            kept.append(clue)
        else:
            clearer = max(kept[same], clue, key=lambda c: c.clarity)
            kept[same] = replace(clearer, strength=kept[same].strength + clue.strength)
    kept.sort(key=lambda clue: -clue.strength)
    return [(clue, clue.strength / total) for clue in kept[:_CAUSES] if clue.strength > _LEAST * total]


def _touch(clue: Clue, other: Clue) -> bool:
    if clue.cause.cell == other.cause.cell:
        return True
    if clue.places is None or other.places is None:
        return False
    return clue.places[0] <= other.places[1] + _NEAR and other.places[0] <= clue.places[1] + _NEAR


def highlighted(length: int, surprise: FloatArray, clues: list[tuple[Clue, float]]) -> FloatArray:
    """Return the surprise of each character, those blamed by a clue raised by its share."""
    shown = np.zeros(max(length, 1))
    count = min(len(surprise) - 1, length)
    shown[:count] = surprise[:count]
    worst = max(float(shown.max()), 1.0)
    for clue, share in clues:
        if clue.places is None:
            continue
        first, last = min(clue.places[0], len(shown) - 1), min(clue.places[1], len(shown) - 1)
        place = first + int(shown[first : last + 1].argmax())
        shown[place] += worst * share
    return shown[:length]
