"""A detection as a picture of matplotlib, for notebooks and papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amiss.detection import Detection, ManySeriesEvidence
from amiss.detectors.base import Detector
from amiss.errors import MissingExtraError, ParameterError
from amiss.report.page import relative_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot(detection: Detection | Detector, ax: Axes | None = None) -> Figure | Axes:
    """Draw what is amiss: the worst items with their cells coloured, and how the scores are spread.

    A series: the channels most to blame, at most six, each in its expected band (raw units) with the events
    shaded, and the score of each point below; of many series the worst, ``detection.one(name)`` is another. A table:
    the worst rows, cell by cell, and a histogram of the scores. Strings: the worst strings, character by character,
    and the histogram. A fitted detector: how its networks learnt, loss and validation loss epoch by epoch.

    Parameters
    ----------
    detection : Detection or detector
        The answer of a detector, or a fitted detector with a neural model.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Then only the first panel is drawn: the channel most to blame, the worst rows or the
        worst strings; where nothing is amiss in a table or list, the histogram.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
        A new figure, which a notebook shows by itself and ``savefig`` writes to a file; the axes where ``ax``
        was given. pyplot is not used: nothing is shown, no global state is touched.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    ParameterError
        A detector without a neural model was given.

    Examples
    --------
    >>> import numpy as np
    >>> import amiss
    >>> values = np.sin(np.arange(600) * 2 * np.pi / 24)
    >>> values[400:406] = 0.0
    >>> figure = amiss.plot(amiss.SeriesDetector(random_state=0).fit(values).detect(values))
    >>> len(figure.axes)
    2
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of("A plot", "matplotlib", "plot") from error
    from amiss.report import drawing

    if isinstance(detection, Detector):
        networks = detection.history_
        if not networks:
            raise ParameterError(
                f"{type(detection).__name__} has no neural model, so there is no training to draw. Draw its answer: "
                "plot(detector.detect(data))."
            )
        return drawing.trained(networks, ax)
    if isinstance(detection.evidence, ManySeriesEvidence):
        detection = detection.one(next(iter(detection.evidence.details), ""))
    relative = relative_scores(detection)
    if ax is None:
        return drawing.whole(detection, relative)
    drawing.first_panel(detection, relative, ax)
    return ax
