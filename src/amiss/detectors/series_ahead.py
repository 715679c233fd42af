"""What a series is expected to be: at each row of some data, and ahead of all that is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detectors.series_rows import of_rows
from amiss.detectors.series_updates import SeriesUpdates
from amiss.errors import ParameterError
from amiss.events import check_count
from amiss.models.season import Season
from amiss.numerics.ahead import foretold
from amiss.numerics.blocks import one_blas_thread
from amiss.reading.calendar import Calendar
from amiss.reading.frames import like
from amiss.reading.windows import Channels


class SeriesAhead(SeriesUpdates):
    """The part of `SeriesDetector` that tells what it expects."""

    @one_blas_thread()
    def expected(self, X: Any) -> Any:
        """Return what was expected at each row of ``X``, and the band in which 99 in 100 usual values lie.

        Parameters
        ----------
        X : frame or array
            As for `detect`.

        Returns
        -------
        frame
            Of the caller's kind, one row a row of ``X``: ``expected``, ``lower`` and ``upper`` of each channel, in the
            units of the data, with the name of the channel in front ("load_lower").

        Raises
        ------
        ParameterError
            None of the models tells what it expects.

        Examples
        --------
        >>> from amiss import SeriesDetector
        >>> wave = np.sin(np.arange(600) * 2 * np.pi / 24)
        >>> SeriesDetector(random_state=0).fit(wave).expected(wave).columns
        ['x0_expected', 'x0_lower', 'x0_upper']
        """
        self._check_is_fitted()
        if not len(self.band_):
            names = ", ".join(model.name for model in self.committee_.models)
            raise ParameterError(
                f"None of the models ({names}) tells what it expects. Take one that does: "
                "shapes, other_channels, dense."
            )
        series = self._series_of(X)
        told = [of_rows(series, values) for values in self._expectation(series)]
        return like(X, _columns(self.timeline_.channels, *told))

    @one_blas_thread()
    def forecast(self, n: int, coverage: float = 0.95) -> Any:
        """Return what is expected of the next ``n`` points, after the training series and all updates.

        Told from the seasons (those of the calendar too, holidays among them), the level, a damped trend and the last
        point, whichever foretold the newest 24 cycles best; the band holds as many of the errors made there, by how far
        ahead.

        Parameters
        ----------
        n : int
            Points, at least 1.
        coverage : float
            Share of points that the band is to hold.

        Returns
        -------
        frame
            polars: the time, where the series has one, in its zone; ``expected``, ``lower`` and ``upper`` of each
            channel as `expected` tells them.

        Raises
        ------
        ParameterError
            A parameter is outside its legal values.

        References
        ----------
        See `amiss.numerics.ahead.foretold`.

        Examples
        --------
        >>> from amiss import SeriesDetector
        >>> wave = np.resize([1.0, 2.0, 4.0, 2.0, 1.0, 0.0, 3.0, 5.0], 400)
        >>> SeriesDetector(random_state=0).fit(wave).forecast(3)["x0_expected"].to_list()
        [1.0, 2.0, 4.0]
        """
        self._check_is_fitted()
        check_count("n", n, 1)
        if not (isinstance(coverage, float) and 0 < coverage < 1):
            raise ParameterError(f"coverage is {coverage!r}. Legal: a number between 0 and 1, such as 0.95.")
        past, last = self._known()
        end = self._end_known()
        places = self._on_the_wall(end - len(past), len(past), n)
        behind, ahead = places[: len(past)], np.maximum(places[len(past) :], 1)
        usual = self._usual(end - len(past), len(past) + n)
        seasons = self.lengths_ or (
            (self.period_,) if self.period_ else ()
        )  # earlier files keep the period alone
        told = []
        for at, one in enumerate(past.T):
            says = None if usual is None else _at_places(usual[:, at], places)
            seen = _at_places(one, behind)
            told.append(
                foretold(seen, self.period_ or self.window_, seasons, int(ahead.max()), coverage, says)
            )
        middle, band = (np.stack(parts, axis=1)[ahead - 1] for parts in zip(*told, strict=True))
        columns = _columns(self.timeline_.channels, middle, middle - band, middle + band)
        return like(None, {**self.timeline_.following(last, n), **columns})

    def _end_known(self) -> int:
        """Return the position after the newest point known."""
        if self.stream_ is None:
            return self.timeline_.points
        points = self.stream_.points(self.timeline_)
        return points.start + len(points)

    def _on_the_wall(self, start: int, known: int, steps: int) -> IntArray:
        """Return how many steps, on the clock on the wall, each point known and ahead lies from the newest known.

        In spring there is a step without a point, in autumn there are two points on one.
        """
        calendar = Calendar.of(self.timeline_, np.zeros(0, np.int64))
        if calendar is None or calendar.timezone is None or calendar.months or calendar.days_on_the_wall:
            return np.arange(1 - known, steps + 1)
        wall = calendar.wall(np.arange(start, start + known + steps)).astype(np.int64)
        places = np.round((wall - wall[known - 1]) / (calendar.step * 1e6)).astype(np.int64)
        return np.asarray(places)

    def _usual(self, start: int, points: int) -> FloatArray | None:
        """Return what the calendar says of some points, shape (points, channels); None where it says nothing."""
        season = next((model for model in self.committee_.models if isinstance(model, Season)), None)
        if season is None:
            return None
        nothing = np.zeros((points, len(self.timeline_.channels)))
        there = Channels(nothing, np.ones(nothing.shape, bool), start, self.window_)
        return self.scale_.restore(season.usual(there))


def _at_places(values: FloatArray, places: IntArray) -> FloatArray:
    """Return values at every place from the first to the last, NaN where there is none; of two at one the later."""
    out = np.full(int(places.max() - places.min()) + 1, np.nan)
    out[places - places.min()] = values
    return out


def _columns(
    names: list[str], expected: FloatArray, lower: FloatArray, upper: FloatArray
) -> dict[str, FloatArray]:
    told = {"expected": expected, "lower": lower, "upper": upper}
    return {f"{name}_{what}": values[:, at] for at, name in enumerate(names) for what, values in told.items()}
