"""Model files of every released version are read, and give the scores they gave; see golden/make.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import amiss

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.amiss"))


def test_there_are_golden_files_of_each_kind_of_detector() -> None:
    """A table, a series and strings at least."""
    assert {amiss.load(place).kind for place in GOLDEN} == {"table", "series", "strings"}


@pytest.mark.parametrize("place", GOLDEN, ids=lambda p: p.stem)
def test_a_file_of_a_released_version_gives_the_scores_it_gave(place: Path) -> None:
    """Up to what another processor may do to the last digits."""
    kept = json.loads(place.with_suffix(".json").read_text("utf-8"))
    scores = amiss.load(place).score_samples(kept["items"])
    assert scores.tolist() == pytest.approx(kept["scores"], rel=1e-6)
