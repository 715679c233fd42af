"""From the summary of all partitions to the answer that is told, shown and reported."""

from __future__ import annotations

import numpy as np

from amiss.clusters.summary import Summary
from amiss.detection import Evidence, StringEvidence, TableEvidence
from amiss.detectors.base import Detector
from amiss.large_detection import LargeDetection
from amiss.text.characters import LENGTH_LIMIT
from amiss.whole import Whole


def answer_of(
    detector: Detector, whole: Summary, notes: tuple[str, ...] = (), path: str | None = None
) -> LargeDetection:
    """Return the answer on data of which the summary is known.

    Parameters
    ----------
    detector : Detector
        Which judged.
    whole : Summary
        Of all partitions together.
    notes : tuple of str
        What the reader should know beside what the detector notes.
    path : str, optional
        Where the answer on every item is written.
    """
    rule = detector.threshold_rule_
    anomalies = tuple(one.anomaly for one in whole.worst)
    known = (
        *notes,
        *detector.notes_,
        *_notes_on_strings(whole),
        *rule.notes_on_counts(whole.flagged, whole.rows, detector.unit),
    )
    return LargeDetection(
        kind=detector.kind,
        unit=detector.unit,
        scores=np.array([anomaly.score for anomaly in anomalies]) * detector.threshold_,
        threshold=detector.threshold_,
        p_values=np.array([anomaly.p_value for anomaly in anomalies]),
        flags=np.ones(len(anomalies), dtype=bool),
        anomalies=anomalies,
        chance=rule.expected_by_chance(),
        evidence=_evidence(detector.kind, whole),
        learnt=detector.summary(),
        notes=tuple(dict.fromkeys(known)),
        whole=Whole(whole.rows, whole.flagged, whole.highest, whole.counts),
        path=path,
    )


def _evidence(kind: str, whole: Summary) -> Evidence:
    places = np.array([one.anomaly.place for one in whole.worst], np.int64)
    if kind == "strings":
        texts = [one.cells[0] for one in whole.worst]
        return StringEvidence(places, texts, [one.surprise for one in whole.worst])
    surprise = np.array([one.surprise for one in whole.worst]).reshape(len(places), len(whole.columns))
    return TableEvidence(whole.columns, places, [list(one.cells) for one in whole.worst], surprise)


def _notes_on_strings(whole: Summary) -> list[str]:
    notes = []
    if whole.missing:
        notes.append(f"{whole.missing:,} missing value{'s' * (whole.missing != 1)} read as the empty string.")
    if whole.long:
        notes.append(
            f"{whole.long:,} string{'s' * (whole.long != 1)} of more than {LENGTH_LIMIT} characters: "
            f"only the first {LENGTH_LIMIT} characters are read."
        )
    return notes
