"""What is packed comes back as it was; what is damaged, or unknown, is refused."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.detection import Anomaly, Cause
from amiss.errors import ModelFileError
from amiss.packed import pack, unpack
from amiss.thresholds import Peaks


@dataclass
class Box:
    """Something with a name."""

    held: object = field(default=None)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3),
        st.tuples(inner, inner),
    ),
    max_leaves=12,
)


@given(PLAIN, st.booleans())
def test_plain_values_come_back(value, compressed):
    """Any nesting of them, compressed or not."""
    assert unpack(pack(value, compressed), compressed=compressed) == value


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_texts_moments_and_records_come_back(compressed):
    """With their types; a missing text is None still."""
    texts = np.array(["a", None, "ö\ud800"], dtype=object)
    anomaly = Anomaly(3, "row 3", 2.5, 0.25, (Cause("a", "1", "2", 1.0, "odd"),))
    given = {
        "floats": np.array([[1.0, np.nan], [np.inf, -0.0]]),
        "flags": np.array([True, False]),
        "moments": np.array(["2026-03-01T14:05", "NaT"], "datetime64[us]"),
        "texts": texts,
        "anomalies": (anomaly,),
        "box": Box({"inside": [anomaly]}),
        "rule": Peaks(risk=0.01),
    }
    records = {"Anomaly": Anomaly, "Cause": Cause, "Box": Box}
    found = unpack(pack(given, compressed), records, compressed)
    assert np.array_equal(found["floats"], given["floats"], equal_nan=True)
    assert found["flags"].dtype == bool
    assert np.array_equal(found["moments"], given["moments"], equal_nan=True)
    assert found["texts"].tolist() == texts.tolist()
    assert found["anomalies"] == (anomaly,)
    assert found["box"] == given["box"]
    assert found["rule"].parameters() == given["rule"].parameters()


def test_a_record_that_is_not_known_is_refused():
    """Nothing is made of a name alone."""
    with pytest.raises(ModelFileError, match="It holds a 'Box', which is not known here"):
        unpack(pack(Box(1)))


@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_damage_is_refused_or_harmless(at, change, compressed):
    """One byte changed anywhere: an error of ours, or other values."""
    data = bytearray(pack({"a": np.arange(20.0), "b": ["x", "y"]}, compressed))
    data[at % len(data)] ^= change
    with contextlib.suppress(ModelFileError):  # any other error is a fault
        unpack(bytes(data), compressed=compressed)


@pytest.mark.parametrize("cut", [0, 5, 17, 60])
def test_what_is_cut_off_is_refused(cut):
    """At any place."""
    with pytest.raises(ModelFileError):
        unpack(pack({"a": np.arange(20.0)})[:cut])


def test_more_never_comes_out_than_was_announced():
    """A bomb does not go off."""
    import struct
    import zlib

    bomb = struct.pack("<QQ", 1, 100) + zlib.compress(bytes(10_000_000))
    with pytest.raises(ModelFileError):
        unpack(bomb, compressed=True)
