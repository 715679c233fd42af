"""Weights: one flat vector, the arrays in it by name, and what it holds before training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amiss.networks.rows import Float32Array


def by_name(flat: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return the weights by name, views of the flat vector of them, which may be an array or a tensor."""
    found, at = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        found[name] = flat[at : at + size].reshape(shape)
        at += size
    return found


def first_weights(shapes: dict[str, tuple[int, ...]], random_state: np.random.Generator) -> Float32Array:
    """Return normal weights of variance 1 / inputs, biases 0 and gains 1, one flat vector, float32."""
    parts = []
    for name, shape in shapes.items():
        if name.startswith(("bias", "gain")):
            parts.append(np.full(shape, float(name.startswith("gain")), np.float32))
            continue
        inputs = int(np.prod(shape[:-1]))
        parts.append(random_state.normal(0, 1 / np.sqrt(inputs), shape).astype(np.float32))
    return np.concatenate([part.ravel() for part in parts])
