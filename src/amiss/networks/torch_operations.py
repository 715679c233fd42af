"""What networks are made of, in PyTorch: to train by its autograd, on any device it knows.

The same names as in `numpy_operations`, which explains them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

where = torch.where


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return ``x @ weight + bias`` along the last axis."""
    return functional.linear(x, weight.T, bias)


def activation(x: Any, name: str) -> Any:
    """Return the activation of that name, element by element."""
    if name == "linear":
        return x
    return {"relu": torch.relu, "elu": functional.elu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[name](x)


def conv(x: Any, weight: Any, bias: Any, dilation: int = 1, causal: bool = False) -> Any:
    """Return a convolution along the positions, as many as before."""
    reach = (len(weight) - 1) * dilation
    before = reach if causal else reach // 2
    padded = functional.pad(x.transpose(1, 2), (before, reach - before))
    return functional.conv1d(padded, weight.permute(2, 1, 0), bias, dilation=dilation).transpose(1, 2)


def gru(
    x: Any, of_input: Any, of_state: Any, bias_input: Any, bias_state: Any, backwards: bool = False
) -> Any:
    """Return the states of a gated recurrent unit at each position, shape (rows, positions, hidden)."""
    start = x.new_zeros(1, len(x), len(of_state))
    return _recur(torch.gru, x, start, (of_input.T, of_state.T, bias_input, bias_state), backwards)


def lstm(
    x: Any, of_input: Any, of_state: Any, bias_input: Any, bias_state: Any, backwards: bool = False
) -> Any:
    """Return the outputs of a long short-term memory at each position, shape (rows, positions, hidden)."""
    start = (x.new_zeros(1, len(x), len(of_state)),) * 2
    return _recur(torch.lstm, x, start, (of_input.T, of_state.T, bias_input, bias_state), backwards)


def _recur(run: Any, x: Any, start: Any, weights: tuple[Any, ...], backwards: bool) -> Any:
    """Return the states of one layer of PyTorch's own."""
    turned = x.flip(1) if backwards else x
    told = [weight.contiguous() for weight in weights]
    # biases, one layer, no dropout, in training or not, one direction, rows first
    states = run(turned, start, told, True, 1, 0.0, torch.is_grad_enabled(), False, True)[0]
    return states.flip(1) if backwards else states


def normalise(x: Any, gain: Any, bias: Any) -> Any:
    """Return ``x`` with mean 0 and variance 1 along the last axis, times ``gain`` plus ``bias``."""
    return functional.layer_norm(x, x.shape[-1:], gain, bias, 1e-5)


def softmax(x: Any) -> Any:
    """Return shares along the last axis that sum to 1."""
    return torch.softmax(x, dim=-1)


def log_softmax(x: Any) -> Any:
    """Return the logarithm of `softmax`."""
    return torch.log_softmax(x, dim=-1)


def concat(parts: list[Any]) -> Any:
    """Return the tensors joined along the last axis."""
    return torch.cat(parts, dim=-1)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """Return the same values in another shape; -1 stands for the rows."""
    return x.reshape(shape)


def swap(x: Any, first: int, second: int) -> Any:
    """Return the tensor with two axes swapped."""
    return x.transpose(first, second)


def dropout(x: Any, share: float) -> Any:
    """Return ``x`` with a share of its values 0, the others raised to make up for it; in training alone."""
    return functional.dropout(x, share) if share and torch.is_grad_enabled() else x


def product(first: Any, second: Any) -> Any:
    """Return the matrix product of the last two axes, one for each place along those before."""
    return torch.matmul(first, second)


def part(x: Any, start: int, stop: int) -> Any:
    """Return the values from ``start`` up to ``stop`` along the last axis."""
    return x[..., start:stop]


def total(x: Any) -> Any:
    """Return the sum along the last axis, which stays as one of length 1."""
    return x.sum(-1, keepdim=True)


def exp(x: Any) -> Any:
    """Return e to the power of each element."""
    return torch.exp(x)


def drawn(x: Any) -> Any:
    """Return standard normal values of the shape of ``x``; zeros where nothing is learnt."""
    return torch.randn_like(x) if torch.is_grad_enabled() else torch.zeros_like(x)
