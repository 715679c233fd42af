"""The shape a network of your own must take and answer with, told before there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amiss.batch import AnyArray
from amiss.detectors.base import Detector
from amiss.errors import DataError
from amiss.models.own_callable import OwnCallable
from amiss.networks.rows import Rows


class _KnownError(Exception):
    """Ends a `fit` as soon as the shape is known."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


@dataclass(eq=False, repr=False)
class _Asking(OwnCallable):
    """Stands where the network will stand, and learns nothing but what it would see."""

    def plan(self, rows: Rows) -> None:
        raise _KnownError(self.shape_of(1)[1:])


def network_shape(detector: Detector, data: Any) -> tuple[int, ...]:
    """Return the shape of one item as a network of your own sees it, once the detector is fitted on ``data``.

    Parameters
    ----------
    detector : Detector
        Not fitted, with the parameters it will have; its ``models`` do not matter.
    data : frame, array or list
        What it will be fitted on.

    Returns
    -------
    tuple of int
        A table: (columns,), numbers and then the levels of categories. A series: (points, channels). Strings: (length,
        symbols), the end of a string being a symbol too. A batch has the number of its items in front.

    Raises
    ------
    DataError
        The data cannot be used.

    Examples
    --------
    >>> from amiss import StringDetector, network_shape
    >>> network_shape(StringDetector(), [f"AB{i:02d}" for i in range(100)])
    (5, 21)
    """
    import warnings

    asking = type(detector)(**{**detector.get_params(), "models": _Asking(_unchanged)})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `fit` will say it
            asking.fit(data)
    except _KnownError as known:
        return known.shape
    raise DataError(
        "The data holds nothing that a network sees: no numbers and no categories. Look at its columns."
    )


def _unchanged(batch: AnyArray) -> AnyArray:
    return batch
