"""Adam: one step of the weights against their gradient, each weight at its own pace."""

from __future__ import annotations

import math

import numpy as np

from amiss.batch import AnyArray

_PIECE = 16_384  # weights at a time: what is read and written stays in the processor's nearest caches


class Adam:
    """The optimiser AdamW over one flat vector of weights, in place, with nothing allocated in a step.

    Parameters
    ----------
    size : int
        How many weights.
    weight_decay : float
        By this times the rate each weight shrinks in a step, apart from its gradient.
    memory : tuple of float
        How much of the running mean of the gradient, and of its square, stays from step to step.
    epsilon : float
        Added to the root mean square of the gradient.
    dtype : numpy dtype
        That of weights and gradient.

    References
    ----------
    Kingma, Ba (2015), "Adam: a method for stochastic optimization", algorithm 1, with the order of computation
    of its section 2. Loshchilov, Hutter (2019), "Decoupled weight decay regularization", algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> weights = np.array([1.0, -2.0], dtype=np.float32)
    >>> adam = Adam(2, weight_decay=0.0)
    >>> adam.step(weights, np.array([5.0, -0.1], dtype=np.float32), 0.5)
    >>> weights.tolist()
    [0.5, -1.5]
    """

    def __init__(
        self,
        size: int,
        weight_decay: float = 0.01,
        memory: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        self.weight_decay = weight_decay
        self.memory = memory
        self.epsilon = epsilon
        self._mean = np.zeros(size, dtype)
        self._square = np.zeros(size, dtype)
        self._room = np.empty(min(size, _PIECE), dtype)
        self._steps = 0
        # numbers as arrays of no dimension: numpy takes them faster than its own numbers or Python's
        self._first, self._second = (np.array(share, dtype) for share in memory)
        self._kept, self._least, self._pace = (np.zeros((), dtype) for _ in range(3))

    def step(self, weights: AnyArray, gradient: AnyArray, rate: float) -> None:
        """Move ``weights`` one step against ``gradient``.

        Parameters
        ----------
        weights : ndarray of shape (size,)
            Written to.
        gradient : ndarray of shape (size,)
        rate : float
            The learning rate of this step.
        """
        self._steps += 1
        first, second = self.memory
        # the running sums are kept without their factors (1 - memory): two passes fewer over the weights
        spread = math.sqrt((1 - second) / (1 - second**self._steps))
        self._pace[()] = rate * (1 - first) / (1 - first**self._steps) / spread
        self._least[()] = self.epsilon / spread
        self._kept[()] = 1 - rate * self.weight_decay
        if len(weights) <= _PIECE:
            self._move(weights, gradient, self._mean, self._square)
            return
        for start in range(0, len(weights), _PIECE):
            piece = slice(start, start + _PIECE)
            self._move(weights[piece], gradient[piece], self._mean[piece], self._square[piece])

    def _move(self, weights: AnyArray, gradient: AnyArray, mean: AnyArray, square: AnyArray) -> None:
        """Move a piece of the weights."""
        room = self._room if len(weights) == len(self._room) else self._room[: len(weights)]
        np.multiply(mean, self._first, mean)
        np.add(mean, gradient, mean)
        np.multiply(square, self._second, square)
        np.multiply(gradient, gradient, room)
        np.add(square, room, square)
        np.sqrt(square, room)
        np.add(room, self._least, room)
        np.divide(mean, room, room)
        np.multiply(room, self._pace, room)
        if self.weight_decay:
            np.multiply(weights, self._kept, weights)
        np.subtract(weights, room, weights)


__all__ = ["Adam"]
