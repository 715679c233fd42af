"""A model file gives back the very detector, and is refused with the reason where anything is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as arrays_of
from safetensors.numpy import save as payload_of

import amiss
from amiss import model_file
from amiss.errors import ModelFileError, NotFittedError
from amiss.part import Stored
from amiss.state import MAX_DEPTH
from model_files import put_together, taken_apart
from toy import ToyCentre, ToyDetector, toy


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved toy."""
    place = tmp_path_factory.mktemp("toy") / "toy.amiss"
    amiss.save(toy(), place)
    return place


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same to the last bit, type and layout in memory."""
    if isinstance(one, Stored):
        return type(one) is type(other) and same(one.state(), other.state())
    if isinstance(one, np.ndarray):
        layout = one.dtype == other.dtype and one.shape == other.shape
        return (
            layout and one.flags.f_contiguous == other.flags.f_contiguous and one.tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


# ------------------------------------------------------------- what goes in comes out
def test_a_loaded_detector_is_the_same_to_the_last_bit(saved: Path) -> None:
    """Every kind of value, NaN, infinity, lone surrogates and layouts in memory included, comes back."""
    detector, loaded = toy(), amiss.load(saved)
    assert same(detector, loaded)
    items = np.random.default_rng(1).normal(size=(100, 3))
    assert (detector.score_samples(items) == loaded.score_samples(items)).all()
    assert loaded.threshold_rule_.p_values(detector.scores_).tolist() == detector.p_values_.tolist()


def test_what_is_left_out_is_not_in_the_file(saved: Path) -> None:
    """Scores of training items and caches stay at home."""
    loaded = amiss.load(saved)
    assert not {"scores_", "p_values_"} & vars(loaded).keys()
    with pytest.raises(NotFittedError, match=r"scores_ .* not kept in a model file. Ask .*score_samples"):
        loaded.scores_  # noqa: B018 - asking is the test
    assert "cache" not in vars(loaded.centre_)


def test_the_same_detector_makes_the_same_file(saved: Path, tmp_path: Path) -> None:
    """No time stamp, no order by chance."""
    amiss.save(toy(), tmp_path / "again.amiss")
    amiss.save(amiss.load(saved), tmp_path / "loaded.amiss")
    assert (
        saved.read_bytes()
        == (tmp_path / "again.amiss").read_bytes()
        == (tmp_path / "loaded.amiss").read_bytes()
    )


def test_a_file_loads_in_another_process(saved: Path) -> None:
    """Nothing depends on the hashes or the memory of one process."""
    code = (
        "import toy, amiss, numpy, sys; detector = amiss.load(sys.argv[1]);"
        "print(detector.score_samples(numpy.ones((1, 3)))[0].hex())"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(saved)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": "77"},
    )
    assert done.stdout.strip() == float(toy().score_samples(np.ones((1, 3)))[0]).hex()


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=())), inner)
    ),
    max_leaves=30,
)
many = st.sampled_from([st.text(), st.integers(), st.floats(), st.booleans()]).flatmap(
    lambda kind: st.lists(kind, min_size=60, max_size=70)
)


@settings(max_examples=200, deadline=None)
@given(trees | many | st.dictionaries(st.text(), st.integers(-(2**70), 2**70), min_size=64, max_size=66))
def test_any_storable_value_comes_back(value: Any) -> None:
    """Whatever is nested in whatever: encoded, written as JSON and read again, it is the same."""
    from amiss.state import decode, encode

    detector = toy()
    detector.models = value
    node, arrays = encode(detector)
    back = decode(json.loads(json.dumps(node, allow_nan=False)), dict(arrays_of(payload_of(arrays))))
    assert same(back.models, value)


# ------------------------------------------------------------- what cannot be saved
def test_a_detector_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    """There is nothing to save."""
    with pytest.raises(NotFittedError, match="not fitted yet"):
        amiss.save(ToyDetector(), tmp_path / "a")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("mean", {1, 2}, "centre_.mean holds a set"),
        ("mean", np.asarray(["a"]), "centre_.mean holds an array of <U1"),
        ("mean", np.zeros(3, dtype=np.float32), "centre_.mean holds an array of float32 where"),
        ("mean", np.asarray([np.nan]), "centre_.mean holds NaN or infinity where"),
        ("words", ["a", object()], r"centre_.words\[1\] holds a object"),
        ("counts", {1: 2}, "centre_.counts holds a dict with keys that are no str"),
        (
            "nested",
            {"a": [("b", np.random.default_rng())]},
            r"centre_.nested\['a'\]\[0\]\[1\] holds a Generator",
        ),
        ("nested", {"a": [("b", float("inf"))]}, "centre_.nested holds inf at"),
        ("how", "mode", "centre_.how holds 'mode'; legal are 'mean', 'median'"),
        ("novelty", 1, "centre_.novelty is not announced"),
        ("big", True, "centre_.big holds bool where"),
    ],
)
def test_what_a_file_cannot_hold_is_named(tmp_path: Path, attribute: str, value: Any, message: str) -> None:
    """The error names the attribute by its whole path, and nothing is written."""
    detector = toy()
    setattr(detector.centre_, attribute, value)
    with pytest.raises(ModelFileError, match=r"ToyDetector\." + message):
        amiss.save(detector, tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_an_attribute_that_is_missing_is_named(tmp_path: Path) -> None:
    """What the class announces must be there."""
    detector = toy()
    del detector.centre_.big
    with pytest.raises(ModelFileError, match=r"ToyDetector.centre_.big is missing: every ToyCentre has one"):
        amiss.save(detector, tmp_path / "a")


def test_a_detector_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """An endless nesting ends."""
    detector = toy()
    detector.models = [detector]
    with pytest.raises(ModelFileError, match=f"nested deeper than {MAX_DEPTH} levels. Does it hold itself"):
        amiss.save(detector, tmp_path / "a")


# ------------------------------------------------------------- damage
def test_every_truncation_is_refused(saved: Path, tmp_path: Path) -> None:
    """Cut off after any byte, the file is refused, with the reason."""
    place = tmp_path / "cut.amiss"
    place.write_bytes(saved.read_bytes())
    for size in reversed(range(place.stat().st_size)):
        os.truncate(place, size)
        with pytest.raises(
            ModelFileError, match=r"was refused: It (ends after|has [\d,]+ bytes where|does not start)"
        ):
            amiss.load(place)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_is_refused(saved: Path, data: st.DataObject) -> None:
    """One wrong bit anywhere is enough."""
    content = bytearray(saved.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    place = saved.with_name("flipped.amiss")
    place.write_bytes(content)
    with pytest.raises(ModelFileError, match="was refused: It"):
        amiss.load(place)


@settings(max_examples=100, deadline=None)
@given(
    content=st.binary(max_size=300),
    start=st.sampled_from([b"", model_file._MAGIC, model_file._MAGIC + b"\1\0\0\0"]),
)
def test_anything_else_is_refused(saved: Path, content: bytes, start: bytes) -> None:
    """Bytes at random, with and without our first ones, are no model."""
    place = saved.with_name("other.amiss")
    place.write_bytes(start + content)
    with pytest.raises(ModelFileError, match="was refused: It"):
        amiss.load(place)


def test_a_file_of_another_format_says_so(saved: Path, tmp_path: Path) -> None:
    """A later version is told from damage, and how to go on is said."""
    content = bytearray(saved.read_bytes())
    content[8] = 2
    (tmp_path / "new.amiss").write_bytes(content)
    with pytest.raises(
        ModelFileError, match=r"It has format 2; amiss .* reads format 1\. .*pip install --upgrade"
    ):
        amiss.load(tmp_path / "new.amiss")


def test_a_file_that_is_not_there_or_no_file_says_so(tmp_path: Path) -> None:
    """The same error, with the reason of the system."""
    os.mkfifo(tmp_path / "pipe")
    for place, reason in [
        (tmp_path / "no", "No such file"),
        (tmp_path, "Is a directory"),
        ("/dev/zero", "regular"),
    ]:
        with pytest.raises(ModelFileError, match=reason):
            amiss.load(place)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(saved: Path, tmp_path: Path) -> None:
    """A terabyte of zeros that takes no room on the disk takes none in memory either."""
    place = tmp_path / "large.amiss"
    place.write_bytes(saved.read_bytes())
    os.truncate(place, 2**40)
    with pytest.raises(
        ModelFileError, match=r"It has 1,099,511,627,776 bytes; at most 4,294,967,296 are legal"
    ):
        amiss.load(place)
    with pytest.raises(ModelFileError, match=r"bytes where [\d,]+ are announced"):
        amiss.load(place, max_bytes=2**41)


# ------------------------------------------------------------- well-formed and hostile
def in_state(name: str, node: Any) -> Callable[[Any, Any], object]:
    """Return the change that puts a node in the place of an attribute of the toy's centre."""
    return lambda header, arrays: header["detector"]["state"]["centre_"]["state"].__setitem__(name, node)


def in_detector(name: str, node: Any) -> Callable[[Any, Any], object]:
    """Return the change that puts a node in the place of an attribute of the detector."""
    return lambda header, arrays: header["detector"]["state"].__setitem__(name, node)


def in_header(name: str, value: Any) -> Callable[[Any, Any], object]:
    """Return the change that sets a field of the header."""
    return lambda header, arrays: header.__setitem__(name, value)


def more(array: Any) -> Callable[[Any, Any], object]:
    """Return the change that puts an array of another make where the mean is."""

    def change(header: Any, arrays: Any) -> None:
        arrays[header["detector"]["state"]["centre_"]["state"]["mean"]["array"]] = array

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (in_header("extra", 1), "extra: Extra inputs are not permitted"),
        (in_header("amiss", "1\n"), "amiss: String should match"),
        (in_header("kind", "x" * 65), "kind: String should match"),
        (in_header("kind", "table"), "It holds a ToyDetector, not a detector of the kind 'table'"),
        (in_header("detector", []), "detector: Input should be a valid dictionary"),
        (in_header("detector", {}), "detector is of a kind that is not known"),
        (
            in_header("detector", {"class": "Popen", "state": {}}),
            "detector is a 'Popen', a class that is not known",
        ),
        (in_header("detector", {"class": "os.system", "state": {}}), "a class that is not known here"),
        (in_header("detector", {"class": ["x"], "state": {}}), "a class that is not known here"),
        (in_header("detector", {"class": "ToyDetector", "state": []}), "detector has no attributes"),
        (
            lambda h, a: (a.clear(), h.update(detector={"class": "MeanStd", "state": {"k": 3.0}})),
            "It holds a MeanStd, not a detector",
        ),
        (lambda h, a: h["detector"]["state"].pop("centre_"), "detector.centre_ is missing"),
        (lambda h, a: h["detector"]["state"].pop("offset_"), "detector.offset_ is missing"),
        (in_detector("__class__", "x"), "detector.__class__ is not announced"),
        (in_detector("_score", "x"), "detector._score is not announced"),
        (in_detector("scores_", {"array": "0"}), "detector.scores_ is not announced"),
        (in_detector("centre_", None), "detector.centre_ holds NoneType where"),
        (
            in_detector("centre_", {"class": "MeanStd", "state": {"k": 3.0}}),
            "detector.centre_ holds MeanStd where",
        ),
        (in_detector("weight", "1.0"), "detector.weight holds str where"),
        (in_detector("weight", True), "detector.weight holds bool where"),
        (in_detector("weight", {"float": "nan"}), "detector.weight holds nan where"),
        (in_detector("weight", {"float": "1e5"}), "detector.weight is no number"),
        (in_detector("weight", {"float": {}}), "detector.weight is no number"),
        (in_detector("n_features_in_", 5), "Its parts do not fit together"),
        (
            in_detector("n_features_in_", -5),
            r"Its parts do not fit together \(ValueError: negative dimensions",
        ),
        (in_detector("n_features_in_", 10**15), "Its parts do not fit together"),
        (in_detector("offset_", 1.0), "Its parts do not fit together"),
        (in_detector("models", {"unknown": 1}), "detector.models is of a kind that is not known"),
        (
            in_detector("models", {"float": "inf", "utf8": ""}),
            "detector.models is of a kind that is not known",
        ),
        (in_detector("models", {"utf8": "zz"}), "detector.models is no text"),
        (in_detector("models", {"utf8": 5}), "detector.models is no text"),
        (in_detector("models", {"utf8": "ff"}), "detector.models is no text"),
        (in_detector("models", {"tuple": 5}), "detector.models is no list"),
        (in_detector("models", {"dict": 5}), "detector.models is no dict"),
        (in_detector("models", {"dict": [["a"], []]}), "detector.models is no dict: . keys, all different"),
        (
            in_detector("models", {"dict": [["a", "a"], [1, 2]]}),
            "detector.models is no dict: . keys, all different",
        ),
        (in_detector("models", {"dict": [[1], [2]]}), "detector.models is no dict: . keys, all different"),
        (in_detector("models", {"array": "none"}), "detector.models names an array that is not there"),
        (in_detector("models", {"array": []}), "detector.models names an array that is not there"),
        (in_detector("models", {"texts": ["0"]}), "detector.models is no list of texts"),
        (in_detector("models", {"texts": 7}), "detector.models is no list of texts"),
        (in_state("words", ["a", 1]), r"centre_.words holds int at \[1\] where"),
        (in_state("limits", {"tuple": [1.0]}), "centre_.limits holds 1 values where its annotation says 2"),
        (in_state("how", "mode"), "centre_.how holds 'mode'; legal are 'mean', 'median'"),
        (more(np.zeros(3, dtype=np.float32)), "centre_.mean holds an array of float32 where"),
        (more(np.asarray([0.0, np.nan, 0.0])), "centre_.mean holds NaN or infinity where"),
        (more(np.zeros(3, dtype=np.complex64)), "Array '[0-9]+' is of complex64, which is not legal"),
        (more(np.zeros((0, 2**50))), r"Array '[0-9]+' has the shape \(0, 1125899906842624\)"),
        (more(np.zeros((1,) * 9)), "Array '[0-9]+' has the shape"),
        (more(np.zeros(4)), "Its parts do not fit together"),
        (lambda h, a: a.__setitem__("spare", np.zeros(1)), "Array 'spare' belongs to nothing"),
        (lambda h, a: a.clear(), "names an array that is not there"),
    ],
)
def test_a_header_that_lies_is_refused(
    saved: Path, tmp_path: Path, change: Callable[[Any, Any], object], reason: str
) -> None:
    """Sizes and checksum are right, the content is not: refused with the place and the reason."""
    header, arrays = taken_apart(saved)
    change(header, arrays)
    with pytest.raises(ModelFileError, match=reason):
        amiss.load(put_together(tmp_path / "hostile.amiss", header, arrays))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "Its header is not legal: Expecting value"),
        (b"\xff\xfe", "Its header is not legal"),
        (b"[]", "Its header is not legal: header: Input should be"),
        (b'{"a": 1, "a": 2}', "a key stands twice in one object"),
        (b'{"amiss": NaN}', "NaN stands where a number is expected"),
        (b'{"amiss": -Infinity}', "-Infinity stands where a number is expected"),
        (b'{"amiss": ' + b"9" * 5000 + b"}", "Its header is not legal: Exceeds the limit"),
        (b"[" * 100_000, "Its header is not legal"),
        (b"[" * 100_000 + b"]" * 100_000, "Its header is not legal"),
        (b"[" + b"0," * 1_000_001 + b"0]", r"Its header has 1,000,003 values; at most 1,000,000 are legal"),
        (b" " * (2**24 + 1), "Its header has 16,777,217 bytes; at most 16,777,216 are legal"),
    ],
)
def test_a_header_that_is_no_header_is_refused(tmp_path: Path, header: bytes, reason: str) -> None:
    """Not JSON, too deep, too many, too large, twice the same key, numbers that are none."""
    with pytest.raises(ModelFileError, match=reason):
        amiss.load(put_together(tmp_path / "hostile.amiss", header, {}))


def test_nesting_beyond_the_limit_is_refused(saved: Path, tmp_path: Path) -> None:
    """A header that JSON still takes may be nested too deep for us."""
    header, arrays = taken_apart(saved)
    node: Any = None
    for _ in range(MAX_DEPTH):
        node = [node]
    header["detector"]["state"]["models"] = node
    with pytest.raises(ModelFileError, match=f"nested deeper than {MAX_DEPTH} levels"):
        amiss.load(put_together(tmp_path / "hostile.amiss", header, arrays))


def tensors(entries: dict[str, Any], data: bytes = b"") -> bytes:
    """Return a payload with a header of its own making."""
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff" * 8,
        (2**63).to_bytes(8, "little") + b"{}",
        tensors({"a": {"dtype": "F64", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "F64", "shape": [2**62], "data_offsets": [0, 2**65]}}),
        tensors({"a": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "F64", "shape": [1.5], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]}}, bytes(8)),
        tensors({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}),
        tensors({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, bytes(16)),
        tensors({"a": {"dtype": "O", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "F8_E5M2", "shape": [8], "data_offsets": [0, 8]}}, bytes(8)),
        tensors({"a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\2"),
        tensors({n: {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]} for n in "ab"}, bytes(8)),
    ],
)
def test_arrays_that_lie_are_refused(saved: Path, tmp_path: Path, payload: bytes) -> None:
    """Sizes that do not add up, negative and huge shapes, types that are none, arrays that overlap."""
    header, _ = taken_apart(saved)
    with pytest.raises(
        ModelFileError, match=r"Its arrays are not legal|Array 'a' holds bytes that are neither"
    ):
        amiss.load(put_together(tmp_path / "hostile.amiss", header, payload))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_node_anywhere_loads_or_is_refused(saved: Path, data: st.DataObject) -> None:
    """Any JSON in any place of the header: a detector that scores, or our error."""
    header, arrays = taken_apart(saved)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(header)
    json_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    tags = st.sampled_from(
        ["float", "utf8", "tuple", "dict", "texts", "numbers", "array", "columns", "class"]
    )
    nodes = st.recursive(
        json_leaves
        | st.sampled_from(["0", "1", "2", "3", "4", "nan", "ToyCentre", "ToyDetector", "MeanStd"]),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(tags, inner, max_size=2),
        max_leaves=8,
    )
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(nodes)
    try:
        loaded = amiss.load(put_together(saved.with_name("fuzzed.amiss"), header, arrays))
    except ModelFileError:
        return
    assert np.isfinite(loaded.score_samples(np.ones((2, 3)))).all()


def test_a_class_is_only_what_was_registered() -> None:
    """The toy's centre is known by its name since it was imported; a class path is a name like any other."""
    from amiss.part import stored_class

    assert stored_class("ToyCentre") is ToyCentre
    assert stored_class("toy.ToyCentre") is None


def test_a_million_strings_are_quick_pieces(tmp_path: Path) -> None:
    """Long lists are packed: the header stays small however many strings a detector keeps."""
    detector = toy()
    detector.models = [f"serial {i}" for i in range(1_000_000)]
    amiss.save(detector, tmp_path / "a.amiss")
    header, _ = taken_apart(tmp_path / "a.amiss")
    assert len(json.dumps(header)) < 5000
    assert amiss.load(tmp_path / "a.amiss").models == detector.models
