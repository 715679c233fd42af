"""Principal axes and what they leave."""

from __future__ import annotations

import numpy as np

from amiss.numerics.principal import principal_axes, residual


def test_axes_hold_the_share_asked_for():
    """The fewest directions that hold the share are kept, the strongest first."""
    axes, variances = principal_axes(np.diag([1.0, 6.0, 3.0]), 0.85)
    assert np.allclose(np.abs(axes), np.eye(3)[:, [1, 2]])
    assert np.allclose(variances, [6.0, 3.0])


def test_nothing_varies():
    """A covariance of zeros gives one direction."""
    assert principal_axes(np.zeros((3, 3)), 0.9)[0].shape == (3, 1)


def test_residual_is_the_distance_to_the_subspace():
    """It equals the length of the row less its projection."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20, 5))
    axes, _ = principal_axes(np.cov(rows.T), 0.7)
    left = rows - rows @ axes @ axes.T
    assert np.allclose(residual(rows, axes), np.linalg.norm(left, axis=1))
