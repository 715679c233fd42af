"""A detection of many series made by hand, for the tests of the report."""

from __future__ import annotations

import numpy as np

from amiss.detection import Anomaly, Cause, Detection
from amiss.detectors.series_overview import failed_overview, overview_of, together
from amiss.series_evidence import ManySeriesEvidence, SeriesEvidence

HOUR = 3600
BEGIN = np.datetime64("2026-01-01", "s")


def many(count=200, points=480, *, details=40, names=None, failed=2):
    """Return the detection of hourly series; every fourth has an event, the first eight have one together."""
    draw = np.random.default_rng(0)
    times = [str(moment) for moment in BEGIN + np.arange(points) * np.timedelta64(HOUR, "s")]
    names = names or [f"host web{i:03d}, metric {('cpu', 'disk')[i % 2]}" for i in range(count)]
    overviews, evidence, events, scores = [], {}, {}, np.zeros((count, points))
    for at, name in enumerate(names):
        start = 300 if at < 8 else 20 + (37 * at) % (points - 60)
        scores[at] = draw.uniform(0.1, 0.9, points)
        events[name] = [_event(name, start, at, times)] if at % 4 == 0 or at < 8 else []
        for event in events[name]:
            scores[at, event.start : event.end + 1] = np.linspace(
                1.1, event.score, event.end - event.start + 1
            )
        evidence[name] = _course(draw, at, start if events[name] else None, times)
        overviews.append(overview_of(name, _alone(name, evidence[name], events[name]), scores[at]))
    reasons = {
        f"host gone{i}": f"None of its {points} points can be scored: they hold no values."
        for i in range(failed)
    }
    overviews += [failed_overview(name, points, reason) for name, reason in reasons.items()]
    worst = sorted(names, key=lambda name: -max((e.score for e in events[name]), default=0))[:details]
    rows = np.arange(points * (count + failed))
    whole = np.concatenate([scores.ravel(), np.zeros(points * failed)])
    return Detection(
        kind="series",
        unit="point",
        scores=whole,
        threshold=1.0,
        p_values=np.ones(len(whole)),
        flags=whole > 1,
        anomalies=tuple(sorted((e for some in events.values() for e in some), key=lambda e: -e.score)),
        chance=1e-6,
        evidence=ManySeriesEvidence(
            by=("host", "metric"),
            series=tuple(overviews),
            details={name: evidence[name] for name in worst},
            scores={name: scores[names.index(name)] for name in worst},
            order=rows,
            begins=np.arange(count + failed + 1) * points,
            together=together(overviews, events, 24),
        ),
        learnt={
            "kind": "series",
            "items": len(whole),
            "models": ["kernels"],
            "threshold": {"rule": "peaks", "value": 1.0, "chance": 1e-6},
            "training_data": "mixed",
            "channels": ["value"],
            "period": 24,
            "window": 24,
            "step": "1 h",
            "series": {"count": count + failed, "failed": failed, "by": ["host", "metric"], "share": False},
        },
        notes=(
            f"{failed} of {count + failed} series could not be looked at and are not scored: host gone0.",
        ),
        failed=reasons,
        scored=np.arange(len(whole)) < points * count,
    )


def _event(name, start, at, times):
    cause = Cause("value", "9.1", "-1 to 1", 1.0, "9.1, expected -1 to 1")
    score = 1.5 + (at * 7919 % 97) / 10
    label = f"{name}: {times[start]} to {times[start + 5]}"
    return Anomaly(start, label, score, 0.001, (cause,), start, start + 5, "spike", "high", name)


def _course(draw, at, start, times):
    expected = np.sin(np.arange(len(times)) * 2 * np.pi / 24 + at)[:, None]
    values = expected + 0.1 * draw.standard_normal(expected.shape)
    if start is not None:
        values[start : start + 6] += 6.0
    zeros = np.zeros_like(values)
    return SeriesEvidence(("value",), times, values, expected, expected - 0.4, expected + 0.4, zeros)


def _alone(name, evidence, events):
    points = len(evidence.values)
    return Detection(
        "series",
        "point",
        np.zeros(points),
        1.0,
        np.ones(points),
        np.zeros(points, bool),
        tuple(events),
        0.0,
        evidence,
    )
