"""Make the golden files of this version: a saved detector of each kind, items, and the scores they must get.

Run once for each release whose format or state is new: ``PYTHONPATH=tests python tests/golden/make.py``. Files of
earlier versions stay as they are: later versions must read them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import amiss
from kinds import KINDS

FOLDER = Path(__file__).parent


def as_json(items: Any) -> Any:
    """Return items as JSON takes them: a list, or a dict of columns; dates as text."""
    if isinstance(items, list):
        return items
    if isinstance(items, np.ndarray):
        return [
            [None if np.isnan(cell) else cell for cell in row] for row in np.atleast_2d(items.T).T.tolist()
        ]
    return {
        name: [str(v) if hasattr(v, "year") else v for v in items[name].to_list()] for name in items.columns
    }


def main() -> None:
    """Write a model file and a JSON file for each kind."""
    for kind in KINDS:
        place = FOLDER / f"{amiss.__version__}-{kind.name.replace(' ', '-')}.amiss"
        detector, items = kind.fitted(), as_json(kind.unseen())
        amiss.save(detector, place)
        scores = amiss.load(place).score_samples(items).tolist()
        place.with_suffix(".json").write_text(json.dumps({"items": items, "scores": scores}) + "\n", "utf-8")
        print(place.name, place.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
