"""The dense core: its short cut beside its long way, and answers that do not depend on place, company or processor."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from amiss.networks import dense_answers
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.dense_answers import ROWS, answers, is_even
from amiss.networks.dense_core import DenseTrainee, Stack
from amiss.networks.rows import Layout, Rows


def a_stack(activation: str = "relu", tied: bool = False) -> Stack:
    """Return 9-7-4-7-9 with weights drawn at random."""
    stack = Stack([9, 7, 4, 7, 9], [activation, "linear", activation, "linear"], tied)
    stack.weights[...] = np.random.default_rng(1).normal(size=stack.count) * 0.5
    return stack


def numbers_alone(count: int, positions: int = 3, dtype: Any = np.float32) -> Rows:
    """Return rows of three numbers a position, all seen."""
    numbers = np.random.default_rng(0).normal(size=(count, positions, 3)).astype(dtype)
    codes = np.zeros((count, positions, 0), np.int64)
    return Rows(Layout(positions, 3), numbers, codes, np.ones(numbers.shape, bool))


@pytest.mark.parametrize(
    "asked",
    [{}, {"noise": 0.3}, {"dropout": 0.3}, {"trim": 0.4, "steps": 4}, {"noise": 0.2, "trim": 0.2}],
    ids=str,
)
@pytest.mark.parametrize("tied", [False, True])
def test_the_short_cut_for_numbers_learns_what_the_long_way_learns(asked: dict[str, Any], tied: bool) -> None:
    """The same losses and weights, step by step, batches of two sizes, whatever is hidden, dropped or left out."""
    rows, found = numbers_alone(200), []
    for plain in (True, False):
        stack = a_stack(tied=tied)
        trainee = DenseTrainee(stack, rows, lambda: None, np.random.default_rng(5), **asked)
        assert trainee.plain
        trainee.plain = plain
        trainee.start()
        steps = [np.arange(i, i + 32 if i < 160 else 200) for i in range(0, 192, 32)]
        found.append(([trainee.step(items, 0.01) for items in steps], stack.weights))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0][1] == pytest.approx(found[1][1], abs=1e-5)


@pytest.mark.parametrize("copied", [0, 2**24])
def test_rows_that_are_windows_of_a_series_or_doubles_are_learnt_too(
    copied: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Views that overlap and doubles, copied to one table or taken batch by batch: the same as single precision."""
    monkeypatch.setattr("amiss.networks.dense_core._COPIED", copied)
    series = np.random.default_rng(0).normal(size=(60, 3))
    views = np.lib.stride_tricks.sliding_window_view(series, 3, axis=0).swapaxes(1, 2)
    codes, seen = np.zeros((58, 3, 0), np.int64), np.ones((58, 3, 3), bool)
    weights = []
    for numbers in (views, np.ascontiguousarray(views), np.ascontiguousarray(views, np.float32)):
        stack = a_stack()
        trainee = DenseTrainee(
            stack, Rows(Layout(3, 3), numbers, codes, seen), lambda: None, np.random.default_rng(0)
        )
        trainee.start()
        for start in range(0, 48, 16):
            trainee.step(np.arange(start, start + 16), 0.01)
        weights.append(stack.weights)
    assert (weights[0] == weights[1]).all()
    assert (weights[0] == weights[2]).all()


def test_a_pass_without_dropout_forgets_the_last_one_with_it() -> None:
    """In the same room: slopes are those of a room that never saw dropout."""
    used, fresh = a_stack("tanh"), a_stack("tanh")
    x = np.random.default_rng(0).normal(size=(16, 9))
    for stack, dropouts in ((used, (0.5, 0.0)), (fresh, (0.0,))):
        room = stack.room(16)
        room.inputs[...] = x
        for dropout in dropouts:
            room.slopes[-1][...] = stack.forward(room, dropout, np.random.default_rng(0))
        stack.backward(room)
    assert (used.slopes == fresh.slopes).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("even", [False, True])
def test_blocks_and_lanes_answer_as_the_naive_network(
    activation: str, tied: bool, even: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either way computes the layers one after the other, for any number of rows."""
    monkeypatch.setattr(dense_answers, "is_even", lambda sizes, tied: even)
    stack = a_stack(activation, tied)
    for count in (1, 15, ROWS, ROWS + 17):
        x = np.random.default_rng(3).normal(size=(count, 9)).astype(np.float32)
        naive = x.astype(np.float64)
        for i, layer in enumerate(stack.layers):
            naive = naive @ stack.matrix[i].astype(np.float64) + layer[-1]
            naive = stack.bends[i].value(naive, None)
        assert answers(stack, x) == pytest.approx(naive, abs=1e-4)


def test_products_that_round_by_place_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product whose last bit depends on the place of a row is not called even."""
    forward = Stack.forward

    def uneven(self: Stack, room: Any, *dropout: Any) -> Any:
        outputs = forward(self, room, *dropout)
        outputs[130] = np.nextafter(outputs[130], np.float32(9))
        return outputs

    is_even.cache_clear()
    monkeypatch.setattr(Stack, "forward", uneven)
    assert not is_even((9, 7, 4, 7, 9), False)
    is_even.cache_clear()


ANY_PLACE = """
import numpy as np
from amiss.networks.dense_answers import answers, is_even
from amiss.networks.dense_core import Stack
draw = np.random.default_rng(0)
ways = set()
for sizes in ([50, 64, 16, 64, 50], [9, 7, 4, 7, 9], [3, 2, 3], [67, 83, 55, 83, 67], [124, 33, 124]):
    for tied in (False, True):
        stack = Stack(sizes, ["relu"] * (len(sizes) - 2) + ["linear"], tied)
        stack.weights[...] = draw.normal(size=stack.count) / np.sqrt(max(sizes))
        x = draw.normal(size=(700, sizes[0])).astype(np.float32)
        found, order = answers(stack, x), draw.permutation(700)
        assert (answers(stack, x[order]) == found[order]).all()
        assert all((answers(stack, x[i : i + 1]) == found[i]).all() for i in range(0, 700, 50))
        ways.add(is_even(tuple(sizes), tied))
print(sorted(ways))
"""


@pytest.mark.parametrize("kernel", ["Haswell", "Nehalem", "Sandybridge", "SkylakeX", ""])
def test_a_row_is_answered_alike_at_any_place_on_any_processor(kernel: str) -> None:
    """Alone, shuffled, in a batch: bit by bit the same, with the kernels of older and newer processors."""
    if kernel == "SkylakeX" and not {"AVX512_SKX", "X86_V4"} & set(_features()):
        pytest.skip("this processor lacks the instructions")
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    environment |= {"OPENBLAS_NUM_THREADS": "1"} | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
    done = subprocess.run(
        [sys.executable, "-c", ANY_PLACE], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("[True]", "[False]", "[False, True]")


def _features() -> list[str]:
    """Return the vector instructions numpy finds here."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    return [*found.get("baseline", []), *found.get("found", [])]
