"""Detections made by hand for the tests of the report: what they say is invented, how they look is not."""

from __future__ import annotations

import dataclasses

import numpy as np

from amiss.detection import Anomaly, Cause, Detection, SeriesEvidence, StringEvidence, TableEvidence

HIT = "window.__hit=1"
HOSTILE = [
    f"</script><script>{HIT}</script>",
    f"'\"><img src=x onerror={HIT}>",
    f"</style><svg onload={HIT}>",
    f"<!--<script>{HIT}//",
    "{{ 7*7 }}{% raw %}",
    "evil\u202egpj.exe",
    "nul\x00bell\x07escape\x1b[31m",
    "half a pair \ud800",
    "x" * 100_000,
]
COLUMNS = (
    "order",
    "placed",
    "country",
    "city",
    "article",
    "quantity",
    "unit price",
    "amount",
    "paid",
    "note",
)


def detection(kind, unit, scores, anomalies, evidence, learnt, *, notes=(), flags=None):
    """Return the detection with these scores, in multiples of a threshold of 4."""
    flags = scores > 1 if flags is None else flags
    p_values = 1 / (1 + np.argsort(np.argsort(-scores)) + 1.0)
    made = {
        "kind": kind,
        "items": len(scores),
        "models": ["marginal", "robust", "memory:k=5", "local"],
        "threshold": {"rule": "peaks:risk=0.001", "value": 4.0, "chance": 0.0001},
        "training_data": "mixed",
        "random_state": 0,
    }
    return Detection(
        kind=kind,
        unit=unit,
        scores=scores * 4.0,
        threshold=4.0,
        p_values=p_values,
        flags=flags,
        anomalies=tuple(anomalies),
        chance=0.0001,
        evidence=evidence,
        learnt={**made, **learnt},
        notes=tuple(notes),
    )


def _scores(n, flagged, rng):
    scores = np.exp(rng.normal(-1.2, 0.32, n)).clip(0.02, 0.99)
    places = rng.choice(n, flagged, replace=False)
    scores[places] = np.sort(1.02 + rng.exponential(1.5, flagged) ** 2.2)[::-1]
    return scores, places


def orders(n=10_000, flagged=12, *, extra_columns=0, seed=0):
    """Return the detection of a table of orders."""
    rng = np.random.default_rng(seed)
    scores, places = _scores(n, flagged, rng)
    columns = COLUMNS + tuple(f"measure {i + 1}" for i in range(extra_columns))
    cells, anomalies = [], []
    surprise = np.abs(rng.normal(0, 0.22, (flagged, len(columns))))
    for rank, place in enumerate(places):
        cells.append(_order(rng, extra_columns))
        causes = _spoil(rank, cells[-1], surprise[rank], rng, float(scores[place]))
        label = f"row {place + 2}"
        anomalies.append(Anomaly(int(place), label, float(scores[place]), 3e-5 * (rank + 1), tuple(causes)))
    kinds = (
        "identifier",
        "date",
        "categorical",
        "text",
        "text",
        "numeric",
        "numeric",
        "numeric",
        "boolean",
        "text",
    )
    normal = (
        "A-000001 and alike, none twice",
        "2026-01-02 to 2026-10-30, Monday to Friday",
        '"DE" 61 %, "FR" 20 %, "NL" 12 %',
        "Aaaaaa, 3 to 14 letters",
        "AA-999",
        "1 to 12",
        "2.50 to 89",
        "2.50 to 940",
        "yes 97 %",
        "words, mostly missing",
    )
    learnt = [
        {"name": c, "kind": k, "normal": v, "missing": m}
        for c, k, v, m in zip(COLUMNS, kinds, normal, [0, 0, 0, 0.004, 0, 0, 0, 0, 0, 0.83], strict=True)
    ]
    learnt += [{"name": c, "kind": "numeric", "normal": "-2.1 to 2.2", "missing": 0.0} for c in columns[10:]]
    evidence = TableEvidence(columns, places.astype(np.int64), cells, surprise)
    return detection("table", "row", scores, anomalies, evidence, {"columns": learnt})


def _order(rng, extra):
    quantity, price = int(rng.integers(1, 12)), round(float(rng.gamma(3, 9)), 2)
    country, city = [("DE", "Leipzig"), ("FR", "Lyon"), ("NL", "Utrecht"), ("DE", "Kiel")][rng.integers(4)]
    return [
        f"A-{rng.integers(1, 10**6):06d}",
        f"2026-{rng.integers(1, 10):02d}-{rng.integers(1, 28):02d}",
        country,
        city,
        f"{'ABKT'[rng.integers(4)]}{'LMX'[rng.integers(3)]}-{rng.integers(100, 999)}",
        str(quantity),
        f"{price:.2f}",
        f"{quantity * price:.2f}",
        "yes",
        "",
        *[f"{v:.3f}" for v in rng.normal(size=extra)],
    ]


def _spoil(rank, row, surprise, rng, score):
    """Change cells of a row; return the causes."""
    amount = float(row[7])

    def high(column, seen, expected, reason, share):
        row[column] = seen
        surprise[column] = score * share * 2 + 1.0
        return Cause(COLUMNS[column], seen, expected, share, reason)

    def wrong_amount():
        seen, expected = f"{amount * 100:.0f}", f"{amount * 0.9:.0f} to {amount * 1.1:.0f}"
        return [
            high(7, seen, expected, f"{seen}, expected {expected}", 0.83),
            high(6, row[6], "3 to 60", f"{row[6]}, expected 3 to 60", 0.09),
        ]

    ways = [
        wrong_amount,
        lambda: [high(2, "XX", '"DE"', '"XX", never seen, usually "DE"', 0.71)],
        lambda: [high(1, "2062-03-14", "", "2062-03-14, expected 2026-01-02 to 2026-10-30", 0.94)],
        lambda: [high(3, "Leipizg", '"Leipzig"', '"Leipizg", never seen, near to "Leipzig"', 0.66)],
        lambda: [
            high(5, "-3", "1 to 12", "-3, expected 1 to 12", 0.52),
            high(7, f"{-amount:.2f}", "2.50 to 940", f"{-amount:.2f}, expected 2.50 to 940", 0.41),
        ],
        lambda: [high(4, "KX 417", "AA-999", '"KX 417", expected the pattern AA-999', 0.88)],
        lambda: [high(8, "", "yes", "missing, never missing before", 0.6)],
    ]
    return ways[rank % len(ways) if rank < 7 else rng.integers(len(ways))]()


def rooms(n=100_000, channels=4, events=5, *, timed=True, seed=0):
    """Return the detection of a series: climate of rooms, one value a minute."""
    rng = np.random.default_rng(seed)
    names = (
        "temperature",
        "humidity",
        "carbon dioxide",
        "power",
        "noise",
        "light",
        "door",
        "fan",
        "valve",
        "wind",
    )
    names = tuple(names[i] if i < len(names) else f"sensor {i}" for i in range(channels))
    t = np.arange(n)[:, None]
    level, swing = 10.0 * (2 + np.arange(channels)), 4.0 + np.arange(channels)
    phase = np.arange(channels) * 0.7
    expected = (
        level + swing * np.sin(2 * np.pi * t / 1440 + phase) + 0.3 * swing * np.sin(4 * np.pi * t / 1440)
    )
    width = 0.25 * swing
    values = expected + rng.normal(0, 0.09, (n, channels)) * swing
    scores = np.exp(rng.normal(-1.3, 0.3, n)).clip(0.02, 0.97)
    surprise = np.abs(rng.normal(0, 0.2, (n, channels)))
    found = []
    starts = np.sort(rng.choice(max(n - 200, 1), events, replace=False)) if events else []
    for k, start in enumerate(starts):
        length = min(int(rng.choice([1, 12, 45, 180])), n - start)
        channel, stretch = k % channels, slice(start, start + length)
        values[stretch, channel] += swing[channel] * rng.choice([-1.6, 1.8])
        size = float(1.3 + rng.exponential(3))
        scores[stretch] = np.linspace(1.1, size, length) if length > 1 else size
        surprise[stretch, channel] = size
        found.append((size, int(start), int(start + length - 1), channel))
    if n > 5000:
        values[3000:3200, 0] = np.nan
    times = _minutes(n) if timed else None
    lower, upper = expected - width, expected + width
    anomalies = []
    for size, start, end, channel in sorted(found, reverse=True):
        seen, low, high = (float(a[end, channel]) for a in (values, lower, upper))
        reason = f"{seen:.1f}, expected {low:.1f} to {high:.1f}"
        cause = Cause(names[channel], f"{seen:.1f}", f"{low:.1f} to {high:.1f}", 0.81, reason)
        label = times[end][:16].replace("T", " ") if times else f"point {end}"
        kind = "spike" if seen > high else "dip"
        grave = "critical" if size >= 5 else "medium"
        anomalies.append(Anomaly(end, label, size, 2e-5, (cause,), start, end, kind, grave))
    learnt = {"channels": list(names), "period": 1440, "step": "1 minute", "timezone": "UTC"}
    learnt |= {"start": times[0], "end": times[-1]} if times else {}
    band = (values, expected, lower, upper)
    evidence = SeriesEvidence(names, times, *band, surprise)
    return detection("series", "point", scores, anomalies, evidence, learnt)


def _minutes(n):
    moments = np.datetime64("2026-03-01T00:00:00") + np.arange(n) * np.timedelta64(60, "s")
    return [str(m) for m in moments]


def serials(n=25_000, flagged=40, *, texts=None, seed=0):
    """Return the detection of a list of serial numbers."""
    rng = np.random.default_rng(seed)
    scores, places = _scores(n, flagged, rng)
    shown, surprises, anomalies = [], [], []
    for rank, place in enumerate(places):
        text, at, expected = _serial(rank, rng)
        text = texts[rank % len(texts)] if texts else text
        at = min(at, max(len(text) - 1, 0))
        surprise = np.abs(rng.normal(0, 0.2, len(text)))
        surprise[at : at + 1] = 1.5 + float(scores[place])
        seen = text[at : at + 1]
        cause = Cause(f"position {at + 1}", seen, expected, 0.86, f'"{seen}", expected {expected}')
        shown.append(text)
        surprises.append(surprise)
        anomalies.append(Anomaly(int(place), f'"{text}"', float(scores[place]), 4e-5 * (rank + 1), (cause,)))
    patterns = [
        {"pattern": "AA99-9A", "share": 0.9312, "example": "KT42-7Q"},
        {"pattern": "AA99-99", "share": 0.0644, "example": "KT42-71"},
        {"pattern": "AA99-AA", "share": 0.0012, "example": "KT42-QA"},
    ]
    learnt = {
        "patterns": patterns,
        "regex": {"pattern": "[A-Z]{2}[0-9]{2}-[0-9][0-9A-Z]", "coverage": 0.9956},
        "check_digit": None,
        "length": {"min": 7, "max": 7},
    }
    evidence = StringEvidence(places.astype(np.int64), shown, surprises)
    return detection("strings", "string", scores, anomalies, evidence, learnt)


def _serial(rank, rng):
    letters = rng.choice(list("ABCKLMQTX"), 3)
    digits = rng.integers(0, 10, 3)
    good = f"{letters[0]}{letters[1]}{digits[0]}{digits[1]}-{digits[2]}{letters[2]}"
    ways = [
        (good[:4] + "_" + good[5:], 4, '"-"'),
        (good[:2] + "O" + good[3:], 2, "a digit"),
        (good.lower(), 0, "a capital letter"),
        (good[:5] + good[6:], 5, "a digit, one missing here"),
        (good + " ", 7, "the end, one too many"),
        (good[0] + "É" + good[2:], 1, "A to Z"),
    ]
    return ways[rank % len(ways)]


def hostile(kind):
    """Return a detection that is hostile in every text it holds."""
    if kind == "strings":
        found = serials(200, len(HOSTILE), texts=HOSTILE)
    else:
        found = orders(200, len(HOSTILE)) if kind == "table" else rooms(400, len(HOSTILE), 3)
    names = dict(zip(found.evidence.columns, HOSTILE, strict=False)) if kind == "table" else {}
    if kind == "series":
        names = dict(zip(found.evidence.channels, HOSTILE, strict=True))
    anomalies = [
        dataclasses.replace(
            anomaly,
            label=HOSTILE[i % len(HOSTILE)],
            causes=tuple(
                dataclasses.replace(
                    c, cell=names.get(c.cell, h), seen=h, expected=h, reason=f"{h}, expected {h}"
                )
                for c in anomaly.causes
                for h in HOSTILE
            )[:9],
        )
        for i, anomaly in enumerate(found.anomalies)
    ]
    evidence = found.evidence
    if kind == "table":
        columns = tuple(HOSTILE) + evidence.columns[len(HOSTILE) :]
        cells = [[HOSTILE[(i + j) % len(HOSTILE)] for j in range(len(columns))] for i in range(len(HOSTILE))]
        evidence = dataclasses.replace(evidence, columns=columns, cells=cells)
    elif kind == "series":
        evidence = dataclasses.replace(evidence, channels=tuple(HOSTILE))
    learnt = {
        **found.learnt,
        "models": HOSTILE,
        "columns": [{"name": h, "kind": h, "normal": h, "missing": 0.5} for h in HOSTILE],
        "patterns": [{"pattern": h, "share": 0.1, "example": h} for h in HOSTILE],
        "regex": {"pattern": HOSTILE[0], "coverage": 1.0},
        "check_digit": HOSTILE[1],
        "channels": HOSTILE,
        "step": HOSTILE[2],
        "timezone": HOSTILE[3],
        "threshold": {"rule": HOSTILE[0]},
        "training_data": HOSTILE[1],
        "random_state": HOSTILE[2],
    }
    return dataclasses.replace(
        found, anomalies=tuple(anomalies), evidence=evidence, learnt=learnt, notes=tuple(HOSTILE)
    )


KINDS = {
    "table": orders,
    "series": lambda: rooms(5_000, 3, 4),
    "strings": lambda: serials(2_000, 30),
}
