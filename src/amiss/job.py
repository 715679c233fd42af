"""A job, from where the data is to the answer: what the command line and the demonstration run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.detection import Anomaly, Detection
from amiss.detectors.any_kind import Choice, as_taken, choose_kind, detector_of, of_many
from amiss.errors import DataError, ParameterError
from amiss.models.given import network_named
from amiss.progress import Told, listening
from amiss.reading.side_columns import labels_in, taken_out
from amiss.sources import Limits, open_source

if TYPE_CHECKING:
    import polars

    from amiss.detectors.base import Detector
    from amiss.tuning.trials import Tuning

_UNITS = {"s": 1, "m": 60, "h": 3600}  # seconds


@dataclass(frozen=True)
class Job:
    """What is asked for.

    Attributes
    ----------
    place : str
        Path, "-" for standard input, or database URL.
    format, table, query : str or None
        Of the source.
    columns : tuple of str
        Those to look at; empty: all.
    key, labels : str or None
        The columns that name the rows, and that say what is known of them; they are not looked at.
    limits : tuple of str
        Such as "bytes=5G".
    kind : str or None
        "table", "series" or "strings"; None chooses.
    params : dict
        Parameters of the detector.
    model : str or None
        The model file to judge by; None learns from the data itself.
    network : str or None
        A network of the user's own, by the name the user typed: "my_nets:Autoencoder".
    """

    place: str
    format: str | None = None
    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] = ()
    key: str | None = None
    labels: str | None = None
    limits: tuple[str, ...] = ()
    kind: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    network: str | None = None

    @property
    def called(self) -> str:
        """The place as a person calls it."""
        return "standard input" if self.place == "-" else self.place


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes
    ----------
    data : dict of str to ndarray, polars.DataFrame, or list of str
    found : str
        How it was read, in words: "CSV, comma separated, UTF-8, header found, 900 rows x 10 columns".
    notes : tuple of str
    keys : sequence or None
        The value of the key column in each row.
    labels : list or None
        1 for rows known to be bad, 0 for rows known to be good, None for others.
    whole : as data
        The data with all its columns.
    """

    data: dict[str, np.ndarray[Any, Any]] | polars.DataFrame | list[str]
    found: str
    notes: tuple[str, ...] = ()
    keys: Sequence[Any] | None = None
    labels: list[int | None] | None = None
    whole: Any = None


def read(job: Job, told: Told = lambda text: None) -> Reading:
    """Return the data of a job.

    Raises
    ------
    SourceError
        The data cannot be read.
    """
    told("Reading")
    columns = list(job.columns) or None
    by = job.params.get("by") or []
    others = [job.key, job.labels, job.params.get("time"), *([by] if isinstance(by, str) else by)]
    wanted = columns and list(dict.fromkeys([*columns, *filter(None, others)]))
    source = open_source(
        job.place,
        job.format,
        columns=wanted,
        table=job.table,
        query=job.query,
        limits=Limits.of(job.limits) if job.limits else None,
    )
    data = source.read()
    reading = Reading(data, source.describe(), source.notes, whole=data)
    if job.labels:
        data, marks = taken_out(reading.data, job.labels, "the column of labels")
        reading = replace(reading, data=data, labels=labels_in(marks, job.labels))
    if job.key:
        data, keys = taken_out(reading.data, job.key, "the key")
        reading = replace(reading, data=data, keys=keys)
    return reading


def learn(job: Job, reading: Reading, told: Told = lambda text: None) -> tuple[Detector, Choice]:
    """Return the detector fitted on what was read, and the choice of its kind.

    Raises
    ------
    DataError, ParameterError
        The data or the parameters cannot be used.
    """
    detector, choice = unfitted(job, reading)
    told(f"Learning what is normal ({choice.kind})")
    with listening(told):
        return detector.fit(as_taken(reading.data, choice.kind), labels=reading.labels), choice


def tuned(
    job: Job, reading: Reading, effort: Effort, study: str | None = None, told: Told = lambda text: None
) -> tuple[Tuning, Choice]:
    """Return the search over the neural models of the detector on what was read, and the choice of its kind.

    Raises
    ------
    DataError, ParameterError, MissingExtraError
        The data, the parameters or the study cannot be used, or Optuna is not installed.
    """
    from amiss.tuning import tune

    detector, choice = unfitted(job, reading)
    with listening(told):
        data = as_taken(reading.data, choice.kind)
        tuning = tune(
            detector,
            data,
            effort.trials,
            effort.seconds,
            labels=reading.labels,
            study=study,
            random_state=detector.random_state,
        )
        if reading.labels is not None:
            tuning.best.fit(data, labels=reading.labels)
    return tuning, choice


def unfitted(job: Job, reading: Reading) -> tuple[Detector, Choice]:
    """Return the detector that a job asks for, not fitted, and the choice of its kind."""
    choice = choose_kind(reading.data, job.kind, job.params.get("time"), of_many(dict(job.params)))
    params = {"random_state": 0, **job.params}
    if job.network:
        asked = params.get("models") or []
        params["models"] = [*([asked] if isinstance(asked, str) else asked), network_named(job.network)]
    return detector_of(choice, **params), choice


def judge(job: Job, reading: Reading, told: Told = lambda text: None) -> Detection:
    """Return what is amiss in what was read, by the model file or by what is learnt from the data itself.

    Raises
    ------
    DataError, ParameterError, ModelFileError
        The data, the parameters or the model cannot be used.
    """
    if job.model is None:
        detector, choice = unfitted(job, reading)
        told(f"Learning what is normal, and what does not fit ({choice.kind})")
        with listening(told):
            data, marks = as_taken(reading.data, detector.kind), reading.labels
            detection = (
                detector.fit_detect(data) if marks is None else detector.fit(data, labels=marks).detect(data)
            )
    else:
        detector, choice = loaded(job, job.model, reading, told)
        told("Looking for what does not fit")
        detection = detector.detect(as_taken(reading.data, detector.kind))
    learnt = {**detection.learnt, "choice": str(choice)}
    notes = tuple(dict.fromkeys((*reading.notes, *detection.notes)))
    anomalies = tuple(_named(a, job, reading) for a in detection.anomalies)
    return replace(detection, learnt=learnt, notes=notes, anomalies=anomalies, native=reading.whole)


def explain(
    job: Job, reading: Reading, places: Sequence[int], told: Told = lambda text: None
) -> list[Anomaly]:
    """Return why the items at ``places`` score what they score, flagged or not.

    Raises
    ------
    DataError, ParameterError, ModelFileError
        The data, the parameters or the model cannot be used, or there is no such place.
    """
    detector, _ = loaded(job, job.model, reading, told) if job.model else learn(job, reading, told)
    told("Explaining")
    count = _items(reading.data)
    for place in places:
        if not 0 <= place < count:
            raise DataError(
                f"There is no {detector.unit} {place}. The data holds {count:,}, counted from 0 to {count - 1}."
            )
    explained = detector._explain_items(as_taken(reading.data, detector.kind), places)
    return [_named(a, job, reading) for place in places for a in explained if a.place == place]


def _items(data: Any) -> int:
    return len(next(iter(data.values()), [])) if isinstance(data, dict) else len(data)


def loaded(job: Job, model: str, reading: Reading, told: Told) -> tuple[Detector, Choice]:
    """Return the detector of a model file, and its kind; the names of the columns are all it asks of what was read."""
    decided = [name for name in job.params if name != "jobs"]
    if job.kind or job.labels or decided:
        said = ", ".join([*(["kind"] if job.kind else []), *(["labels"] if job.labels else []), *decided])
        raise ParameterError(
            f"{said}: decided when {model} was learnt. Leave that out, or learn anew without the model."
        )
    from amiss.model_file import load

    told("Loading the model")
    detector = load(model, models=network_named(job.network) if job.network else None)
    _check_kind(detector, job, reading)
    if "jobs" in job.params and detector.kind == "series":
        detector.set_params(jobs=job.params["jobs"])
    return detector, Choice(detector.kind, f"the model {model} is of that kind")


def _check_kind(detector: Detector, job: Job, reading: Reading) -> None:
    """Raise where the model was learnt from another kind of data: a list is no table, nor a table a list."""
    data = reading.data
    names = None if isinstance(data, list) else list(data if isinstance(data, dict) else data.columns)
    if names is None and detector.kind != "strings":
        raise DataError(
            f"{job.called} is a list of strings, and the model {job.model} was learnt from a {detector.kind}. "
            "Give data like that, or name a model of strings."
        )
    if names is not None and len(names) > 1 and detector.kind == "strings":
        raise DataError(
            f"{job.called} has {len(names)} columns ({', '.join(names)}), and the model {job.model} was "
            f"learnt from a list of strings. Choose the column: --columns {names[0]}."
        )


def _named(anomaly: Anomaly, job: Job, reading: Reading) -> Anomaly:
    if reading.keys is None or anomaly.start is not None:
        return anomaly
    return replace(anomaly, label=f"{job.key} {reading.keys[anomaly.place]} ({anomaly.label})")


@dataclass(frozen=True)
class Allowance:
    """How many anomalies are let pass: a number, or a share of the items.

    Examples
    --------
    >>> Allowance.of("0.1%")
    Allowance(number=0.1, percent=True)
    """

    number: float = 0.0
    percent: bool = False

    @classmethod
    def of(cls, text: str) -> Allowance:
        """Return what ``"12"`` or ``"0.1%"`` spells.

        Raises
        ------
        ParameterError
            It is neither a number nor a percentage.
        """
        spelt = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip())
        if spelt is None or (not spelt[2] and "." in spelt[1]) or (spelt[2] and float(spelt[1]) > 100):
            raise ParameterError(
                f"{text!r} is no allowance. Legal: a whole number such as 12, or a share such as 0.1%."
            )
        return cls(float(spelt[1]), bool(spelt[2]))

    def exceeded(self, detection: Detection) -> bool:
        """Return whether more anomalies (events in a series), or a greater share of the items, are found."""
        if self.percent:
            return 100 * detection.unusual / detection.items > self.number
        return len(detection) > self.number


@dataclass(frozen=True)
class Effort:
    """How long to search.

    Examples
    --------
    >>> Effort.of("60s"), Effort.of("20")
    (Effort(trials=None, seconds=60.0), Effort(trials=20, seconds=None))
    """

    trials: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, text: str) -> Effort:
        """Return the effort that a text spells: a number of trials, or seconds, minutes, hours.

        Raises
        ------
        ParameterError
            It spells none.
        """
        spelt = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|trials?)?", text.strip())
        unit = "" if spelt is None else spelt[2] or "trials"
        number = 0.0 if spelt is None else float(spelt[1])
        if number > 0 and unit in _UNITS:
            return cls(seconds=number * _UNITS[unit])
        if number < 1 or number != int(number):
            raise ParameterError(
                f"{text!r} says not how long to tune. Legal: a time such as 60s, 5m or 1h, or a number of trials "
                "such as 20."
            )
        return cls(trials=int(number))
