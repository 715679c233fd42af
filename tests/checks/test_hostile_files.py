"""Real model files with one lie in them: refused, or the detector answers; loading never ends otherwise."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import amiss
from amiss.errors import ModelFileError
from kinds import BY_NAME, default
from model_files import put_together, taken_apart

ARRAYS = ("array", "columns", "numbers", "texts", "class")


@pytest.fixture(scope="module", params=list(BY_NAME))
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved detector of each kind."""
    place = tmp_path_factory.mktemp("real") / "real.amiss"
    amiss.save(default(request.param), place)
    return place


def leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield where each number, text and None of a header stands: its holder and its key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        if isinstance(node[key], dict | list):
            yield from leaves(node[key]) if key not in ARRAYS else ()
        elif key not in ARRAYS:
            yield node, key


def other(draw: Any, array: Any) -> Any:
    """Return an array of the same type with other values or another shape."""
    extremes = [0, 1, 5e-324, 1.7e308, -1.7e308]
    if array.dtype == np.float32:
        extremes = [0, 1, 1e-45, 3.4e38, -3.4e38]
    if array.dtype.kind in "iu":
        extremes = [0, 1, np.iinfo(array.dtype).max, np.iinfo(array.dtype).min]
    changed = [np.full_like(array, value) for value in extremes]
    if array.ndim:
        changed += [array[:-1], array[:0], array[::-1], np.concatenate([array, array[:1]])]
    return np.ascontiguousarray(draw(st.sampled_from(changed)))


def test_a_group_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The largest number of all made numpy's bincount write outside of its memory."""
    amiss.save(default("frame"), tmp_path / "frame.amiss")
    header, arrays = taken_apart(tmp_path / "frame.amiss")
    masked = next(
        m for m in header["detector"]["state"]["committee_"]["state"]["models"] if m["class"] == "Masked"
    )
    name = masked["state"]["groups_"]["array"]
    for wrong in (2**63 - 1, -1, 10**6):
        lied = {**arrays, name: np.full_like(arrays[name], wrong)}
        with pytest.raises(ModelFileError, match="a group that is not there"):
            amiss.load(put_together(tmp_path / "lie.amiss", header, lied))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_lie_in_a_real_file_is_refused_or_does_no_harm(saved: Path, data: st.DataObject) -> None:
    """One value or one array is another: our error with the reason, or a detector that answers with finite scores."""
    header, arrays = taken_apart(saved)
    header = copy.deepcopy(header)
    if data.draw(st.booleans()):
        holder, key = data.draw(st.sampled_from(list(leaves(header["detector"]["state"]))))
        holder[key] = data.draw(
            st.sampled_from([None, True, -1, 0, 10**6, 2**70, -1.0, 0.0, 1e308, "", "x", []])
        )
    else:
        name = data.draw(st.sampled_from(sorted(arrays)))
        arrays[name] = other(data.draw, arrays[name])
    with np.errstate(all="ignore"):
        try:
            loaded = amiss.load(put_together(saved.with_name("lie.amiss"), header, arrays))
        except ModelFileError as error:
            reason = str(error)
        else:
            reason = "was refused: no"
            assert np.isfinite(loaded.score_samples(loaded._probe())).all()
    assert "was refused: " in reason
