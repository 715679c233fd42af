"""The shelf of thresholds."""

from amiss.thresholds.base import Threshold
from amiss.thresholds.fdr import Fdr
from amiss.thresholds.mad import Mad
from amiss.thresholds.mean_std import MeanStd
from amiss.thresholds.peaks import Peaks
from amiss.thresholds.quantile import Quantile

__all__ = ["Threshold", "Fdr", "Mad", "MeanStd", "Peaks", "Quantile"]
