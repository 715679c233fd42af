"""amiss learns what is normal in a table, a time series or a list of strings and tells what is not.

Public names are imported on first use, so that ``import amiss`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amiss.detection import Anomaly, Cause, Detection
    from amiss.detectors.any_kind import detect, make_detector
    from amiss.detectors.series import SeriesDetector
    from amiss.detectors.strings import StringDetector
    from amiss.detectors.table import TableDetector
    from amiss.evaluation import evaluate
    from amiss.events import EventRules
    from amiss.large.job import detect_large
    from amiss.large_detection import LargeDetection
    from amiss.model_file import load, save
    from amiss.network_shapes import network_shape
    from amiss.onnx_file import export
    from amiss.report import write_report
    from amiss.report.plots import plot
    from amiss.tuning import tune

__version__ = "0.1.0"

_HOME = {
    "TableDetector": "amiss.detectors.table",
    "SeriesDetector": "amiss.detectors.series",
    "StringDetector": "amiss.detectors.strings",
    "detect": "amiss.detectors.any_kind",
    "make_detector": "amiss.detectors.any_kind",
    "detect_large": "amiss.large.job",
    "Detection": "amiss.detection",
    "LargeDetection": "amiss.large_detection",
    "Anomaly": "amiss.detection",
    "Cause": "amiss.detection",
    "EventRules": "amiss.events",
    "save": "amiss.model_file",
    "load": "amiss.model_file",
    "export": "amiss.onnx_file",
    "write_report": "amiss.report",
    "plot": "amiss.report.plots",
    "tune": "amiss.tuning",
    "evaluate": "amiss.evaluation",
    "network_shape": "amiss.network_shapes",
}

__all__ = [
    "TableDetector",
    "SeriesDetector",
    "StringDetector",
    "detect",
    "detect_large",
    "make_detector",
    "Detection",
    "LargeDetection",
    "Anomaly",
    "Cause",
    "EventRules",
    "save",
    "load",
    "export",
    "write_report",
    "plot",
    "tune",
    "evaluate",
    "network_shape",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'amiss' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
