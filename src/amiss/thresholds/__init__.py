"""The shelf of thresholds."""

from amiss.thresholds.base import Threshold

__all__ = ["Threshold"]
