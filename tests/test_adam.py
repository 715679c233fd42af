"""The optimiser against its textbook form and against torch's."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.networks.adam import Adam


def _walk(adam, size, dtype, steps=30):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=size).astype(dtype)
    gradients = (rng.normal(size=(steps, size)) * np.exp(rng.normal(size=size) * 4)).astype(dtype)
    first = weights.copy()
    for i, gradient in enumerate(gradients):
        adam.step(weights, gradient, 0.01 * (1 + i % 3))
    return first, gradients, weights


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_it_steps_as_the_textbook_says(decay):
    first, gradients, got = _walk(Adam(7, decay, dtype=np.float64), 7, np.float64)
    weights, mean, square = first.copy(), 0.0, 0.0
    for i, g in enumerate(gradients):
        rate = 0.01 * (1 + i % 3)
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        unbiased = mean / (1 - 0.9 ** (i + 1)), square / (1 - 0.999 ** (i + 1))
        weights = weights * (1 - rate * decay) - rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    np.testing.assert_allclose(got, weights, rtol=1e-12)


def test_it_steps_as_torch_does():
    torch = pytest.importorskip("torch")
    first, gradients, got = _walk(Adam(20_000, 0.05), 20_000, np.float32)
    weights = torch.nn.Parameter(torch.from_numpy(first.copy()))
    twin = torch.optim.AdamW([weights], weight_decay=0.05)
    for i, gradient in enumerate(gradients):
        twin.param_groups[0]["lr"] = 0.01 * (1 + i % 3)
        weights.grad = torch.from_numpy(gradient)
        twin.step()
    np.testing.assert_allclose(got, weights.detach().numpy(), atol=2e-5)


def test_a_gradient_of_zero_moves_nothing_but_the_decay():
    weights = np.array([1.0, -4.0], dtype=np.float32)
    Adam(2, 0.5).step(weights, np.zeros(2, dtype=np.float32), 0.1)
    np.testing.assert_array_equal(weights, np.array([0.95, -3.8], dtype=np.float32))
