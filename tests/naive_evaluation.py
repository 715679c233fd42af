"""Slow, obvious twins of the figures that judge scores, written from their definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np


def roc_auc(labels, scores):
    """Compare every anomaly with every normal item."""
    pairs = list(itertools.product(scores[labels == 1], scores[labels == 0]))
    return sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs)


def average_precision(labels, scores):
    """Walk down the distinct scores, adding precision times the recall gained."""
    area = last = 0.0
    for cut in sorted(set(scores), reverse=True):
        flagged = scores >= cut
        recall = labels[flagged].sum() / labels.sum()
        area += (recall - last) * labels[flagged].mean()
        last = recall
    return area


def found_at(labels, scores, count):
    """Mean over all orders of the items of how many anomalies are among the first ``count`` by score."""
    found = []
    for order in itertools.permutations(range(len(scores))):
        first = sorted(order, key=lambda i: -scores[i])[:count]  # a stable sort: ties stay in the drawn order
        found.append(sum(labels[i] for i in first))
    return float(np.mean(found))


def soft_labels(labels, width):
    """Labels that fade out beside every event, at most 1."""
    soft = labels.astype(float)
    for begin, end in events(labels):
        for away in range(1, width // 2 + 1):
            for place in (begin - away, end + away):
                if 0 <= place < len(labels):
                    soft[place] = min(1.0, soft[place] + math.sqrt(1 - away / width))
    return soft


def events(labels):
    """First and last point of each run of 1."""
    runs, place = [], 0
    for value, run in itertools.groupby(labels):
        length = len(list(run))
        if value:
            runs.append((place, place + length - 1))
        place += length
    return runs


def widened(labels, width):
    """Events with their buffers; those that overlap are one."""
    half, found = width // 2, []
    for begin, end in events(labels):
        begin, end = max(begin - half, 0), min(end + half, len(labels) - 1)
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def range_areas(labels, scores, width):
    """Range-AUC of both curves at one buffer, point by point and cut by cut."""
    soft, ranges = soft_labels(labels, width), widened(labels, width)
    order = np.sort(scores)[::-1]
    recalls, alarms, precisions = [0.0], [0.0], []
    for place in np.linspace(0, len(scores) - 1, 250).astype(int):
        flagged = scores >= order[place]
        true = soft[flagged].sum()
        positive = (labels.sum() + labels.sum() + soft[flagged & (labels == 0)].sum()) / 2
        touched = np.mean([flagged[a : b + 1].any() for a, b in ranges])
        recalls.append(min(true / positive, 1.0) * touched)
        alarms.append((flagged.sum() - true) / (len(labels) - positive))
        precisions.append(true / flagged.sum())
    pr = sum((recalls[i + 1] - recalls[i]) * precisions[i] for i in range(250))
    recalls.append(1.0)
    alarms.append(1.0)
    roc = sum((alarms[i + 1] - alarms[i]) * (recalls[i + 1] + recalls[i]) / 2 for i in range(251))
    return roc, pr


def volumes(labels, scores, longest):
    """Mean of the range-AUC over the buffers."""
    areas = [range_areas(labels, scores, width) for width in range(longest + 1)]
    return tuple(np.mean(areas, axis=0))


def buffer_length(values):
    """The highest local peak of the autocorrelation, sums written out."""
    centred = np.asarray(values, float) - np.mean(values)
    similar = [
        float(np.dot(centred[: len(centred) - lag], centred[lag:])) for lag in range(min(401, len(centred)))
    ]
    peaks = [
        lag
        for lag in range(4, len(similar) - 1)
        if similar[lag] > similar[lag - 1] and similar[lag] > similar[lag + 1]
    ]
    best = max(peaks, key=lambda lag: similar[lag], default=0)
    return best if 6 <= best <= 303 else 125
