"""The PyTorch tutorial on time series, done right: your own network on the windows of a series.

    python examples/series_pytorch.py

The tutorial trains an autoencoder on single points of a noisy sine and gives one verdict for the whole series. A
point seen alone carries no time: shuffle the series and its scores are shuffled with it, nothing else. Here three
shapes are spoilt whose values are all usual. The pointwise network cannot see them; the same idea on windows finds
all three, and says when. Then the windows meet real data: the sea surface temperature of the eastern Pacific, month
by month from 1950 to 2010.
"""

import numpy as np
import torch

import amiss
from amiss import datasets
from amiss.models.own_torch import OwnTorch

PERIOD = 40
SPOILT = {510: "stuck", 1100: "twice as fast", 1700: "mirrored"}


class Autoencoder(torch.nn.Module):
    """Rebuilds what it sees, of shape (windows, points, channels), through two values: all that a sine is made of."""

    def __init__(self, points: int, channels: int = 1) -> None:
        super().__init__()
        values = points * channels
        middle = min(2, values)
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(values, 32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, middle),
            torch.nn.Linear(middle, 32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, values),
            torch.nn.Unflatten(1, (points, channels)),
        )

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the windows as rebuilt."""
        return self.layers(windows)


def noisy_sine(points: int = 2_000, seed: int = 0) -> np.ndarray:
    """Return a noisy sine in which three stretches of one period have another shape but no unusual value."""
    draw = np.random.default_rng(seed)
    values = np.sin(2 * np.pi * np.arange(points) / PERIOD)
    inside = np.arange(PERIOD)
    values[510 : 510 + PERIOD] = values[510]
    values[1100 : 1100 + PERIOD] = np.sin(4 * np.pi * (1100 + inside) / PERIOD)
    values[1700 : 1700 + PERIOD] = -values[1700 : 1700 + PERIOD]
    return values + 0.1 * draw.normal(size=points)


def spoilt(points: int) -> np.ndarray:
    """Return which points lie in a spoilt stretch, shape (points,), bool."""
    return np.any(
        [(np.arange(points) >= start) & (np.arange(points) < start + PERIOD) for start in SPOILT], axis=0
    )


def told_apart(scores: np.ndarray) -> float:
    """Return the mean score of the spoilt points in multiples of that of the others: 1 tells nothing apart."""
    odd = spoilt(len(scores))
    return float(scores[odd].mean() / scores[~odd].mean())


def found(detection: amiss.Detection) -> list[str]:
    """Return which of the spoilt stretches an event covers."""
    events = [(event.start, event.end) for event in detection]
    return [
        what
        for start, what in SPOILT.items()
        if any(first < start + PERIOD and last >= start for first, last in events)
    ]


def main() -> None:
    """Run the tutorial, then the better way, then real data."""
    torch.manual_seed(0)  # the first weights of the networks
    values = noisy_sine()

    pointwise = amiss.SeriesDetector(
        models=OwnTorch(Autoencoder(1), window=1, epochs=10), window=2, random_state=0
    ).fit(values)
    print(f"one point at a time: spoilt points score {told_apart(pointwise.scores_):.1f} times the others")

    windowed = amiss.SeriesDetector(models=OwnTorch(Autoencoder(PERIOD), window=PERIOD), random_state=0)
    detection = windowed.fit_detect(values)
    print(
        f"windows of {PERIOD} points: spoilt points score {told_apart(detection.scores):.1f} times the others"
    )
    print(f"  found: {', '.join(found(detection))}; {len(detection)} events")
    for event in detection:
        print(f"  {event.label}: {event.score:.1f} x the limit")
    print(f"  {windowed.history_[0]['outcome']}")

    path = datasets.describe("el_nino").path
    months, degrees = np.loadtxt(path, delimiter=",", skiprows=1, dtype=str, unpack=True)
    pacific = {"month": months, "temperature": degrees.astype(float)}
    detector = amiss.SeriesDetector(models=OwnTorch(Autoencoder(12), window=12), time="month", random_state=0)
    print(f"sea surface temperature of the eastern Pacific: {detector.fit_detect(pacific).verdict}")
    print(f"  least like the others: {months[detector.scores_.argmax()]}")


if __name__ == "__main__":
    main()
