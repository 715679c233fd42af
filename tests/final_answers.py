"""What a detector tells in the end of rows that were given to it part by part."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss import SeriesDetector
from amiss.batch import FloatArray


def gathered(detector: SeriesDetector, parts: list[Any], rows: int) -> tuple[FloatArray, list[Any]]:
    """Return the final scores of all rows, and the events, of updates part by part."""
    scores, events = np.full(rows, np.nan), []
    for final in [*(detector.update(part).final for part in parts), detector.finish()]:
        assert np.isnan(scores[final.rows]).all()
        scores[final.rows] = final.scores
        events += final.events
    return scores, events
