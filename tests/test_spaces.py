"""Column spaces: formulas, missing and constant columns, and the way back."""

import numpy as np
import pytest
from scipy.stats import norm

from amiss.batch import Batch
from amiss.errors import ParameterError
from amiss.numerics.spaces import SPACES, Space


def batch(values):
    values = np.asarray(values, dtype=float)
    mask = np.isnan(values)
    return Batch(np.where(mask, 0.0, values), mask, tuple(f"x{i}" for i in range(values.shape[1])))


VALUES = np.random.default_rng(0).gamma(2.0, 3.0, size=(200, 2))


def naive(kind, column):
    """One column in one space, written out."""
    if kind == "standard":
        return (column - column.mean()) / column.std()
    if kind == "minmax":
        return (column - column.min()) / (column.max() - column.min())
    if kind == "asinh":
        quarter, three = np.percentile(column, [25, 75])
        return np.arcsinh((column - np.median(column)) * 1.349 / (three - quarter))
    below = np.array([(column < x).sum() + (column == x).sum() / 2 for x in column])
    return norm.ppf(below / len(column))


@pytest.mark.parametrize("kind", SPACES)
def test_training_values_follow_the_formula(kind):
    """Training values come out as the formula of the space has it."""
    found = Space(kind).fit(batch(VALUES)).apply(batch(VALUES))
    expected = np.column_stack([naive(kind, column) for column in VALUES.T])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("kind", SPACES)
def test_invert_undoes_apply(kind):
    """Raw values come back from the space."""
    space = Space(kind).fit(batch(VALUES))
    np.testing.assert_allclose(space.invert(space.apply(batch(VALUES))), VALUES, rtol=1e-9)


@pytest.mark.parametrize("kind", SPACES)
def test_missing_cells_take_the_median(kind):
    """A missing cell lies where the median of its column lies."""
    values = VALUES.copy()
    values[3, 0] = np.nan
    space = Space(kind).fit(batch(values))
    median = np.nanmedian(values[:, 0])
    assert space.apply(batch(values))[3, 0] == space.apply(batch([[median, 1.0]]))[0, 0]


@pytest.mark.parametrize("kind", SPACES)
def test_constant_column_tells_whether_a_value_is_another(kind):
    """A column that was constant is 0 for the constant and 1 for any other value."""
    space = Space(kind).fit(batch(np.full((5, 1), 7.0)))
    assert space.apply(batch([[7.0], [8.0], [-1e300]])).ravel().tolist() == [0.0, 1.0, 1.0]


def test_rank_space_goes_on_beyond_the_training_range():
    """A value further out than all training values lies further out in rank space too."""
    space = Space("rank").fit(batch(VALUES))
    top = VALUES[:, 0].max()
    units = space.apply(batch([[top, 1.0], [top + 10, 1.0], [top + 100, 1.0]]))[:, 0]
    assert units[0] < units[1] < units[2]


@pytest.mark.parametrize("kind", SPACES)
def test_huge_values_stay_finite(kind):
    """The largest floats, in training and after, give finite units."""
    values = np.array([[1.0], [2.0], [1.7e308], [-1.7e308], [5e-324]])
    space = Space(kind).fit(batch(values))
    assert np.isfinite(space.apply(batch(values))).all()
    assert np.isfinite(space.invert(space.apply(batch(values)))).all()


def test_unknown_space_is_named():
    """The message lists the spaces there are."""
    with pytest.raises(ParameterError, match=r"Column space 'polar' is not known. Known: standard, minmax"):
        Space("polar").fit(batch(VALUES))
