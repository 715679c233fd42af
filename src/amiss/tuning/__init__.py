"""Tuning: a search over the parameters of a detector's neural models; `search` is where it begins."""

from amiss.tuning.search import tune
from amiss.tuning.trials import Trial, Tuning

__all__ = ["Trial", "Tuning", "tune"]
