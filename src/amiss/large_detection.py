"""LargeDetection: the answer on data too large to keep, of which it holds the worst anomalies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from amiss.detection import Detection
from amiss.errors import ParameterError
from amiss.whole import Whole, no_scores


@dataclass(frozen=True)
class LargeDetection(Detection):
    """The answer on data too large to keep.

    Verdict, counts and chance are those of all items; ``scores``, ``p_values``, ``flags``, ``anomalies`` and evidence
    are those of the worst anomalies. ``len`` is how many items are anomalous, held or not.

    Attributes
    ----------
    whole : Whole
        What is known of all items.
    path : str or None
        The file or folder in which the answer on every item is written; None where it is nowhere.
    """

    whole: Whole = field(default_factory=lambda: Whole(0, 0, 0.0, no_scores()))
    path: str | None = None

    def __len__(self) -> int:
        return self.whole.flagged

    @property
    def items(self) -> int:
        """How many items were judged."""
        return self.whole.items

    @property
    def unusual(self) -> int:
        """How many items are amiss."""
        return self.whole.flagged

    def to_columns(self) -> dict[str, Any]:
        """Raise: the answer on every item is larger than memory.

        Raises
        ------
        ParameterError
            Always; it says where the answer is.
        """
        at = f"It is written to {self.path!r}" if self.path else "Nothing was written: give an output"
        raise ParameterError(
            f"The answer on {self.items:,} {self.unit}s is not held in memory. {at}. Read it with "
            "polars.scan_parquet, or iterate over the worst anomalies."
        )

    def to_json(self) -> str:
        """Return verdict, anomalies and causes as JSON text; see `Detection.to_json`."""
        told = json.loads(super().to_json())
        return json.dumps({**told, "items": self.items, "path": self.path}, ensure_ascii=True)
