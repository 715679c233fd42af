"""scikit-learn's own checks of estimators, without an ignore list."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.detectors.base import Detector

DETECTORS = [
    TableDetector(),
    TableDetector(threshold="quantile", models="memory"),
    TableDetector(threshold="mean_std", training_data="clean"),
    TableDetector(threshold="mad", models=["robust", "marginal"]),
    SeriesDetector(),
    SeriesDetector(window=5, min_length=2),
    StringDetector(),
]


@pytest.mark.parametrize("detector", DETECTORS, ids=repr)
def test_every_check_that_applies_passes(detector: Detector) -> None:
    """`check_estimator` finds nothing to say; what it skips needs another library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(detector, on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"]) for r in results if r["status"] == "failed"}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}


class TwoD(SeriesDetector):
    """A series detector that says it takes two-dimensional arrays, so that all checks are run on it."""

    def _two_d_array(self) -> bool:
        return True


NOT_FOR_SERIES = {
    "check_methods_sample_order_invariance",  # the order of points is what a series is about
    "check_methods_subset_invariance",
    "check_fit1d",  # one channel is welcome as it is
    "check_fit2d_predict1d",
    "check_outliers_train",  # blobs in random order have no course to leave
    "check_outliers_fit_predict",
    "check_array_api_input",
}


def _checks(detector: Detector) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # we need no base class of theirs
        return list(estimator_checks._yield_all_checks(detector, legacy=True))


def _name(check: Any) -> str:
    return str(check.func.__name__ if isinstance(check, partial) else check.__name__)


FOR_SERIES = [check for check in _checks(TwoD()) if _name(check) not in NOT_FOR_SERIES]


@pytest.mark.parametrize("check", FOR_SERIES, ids=_name)
def test_series_pass_the_checks_for_arrays(check: Any) -> None:
    """scikit-learn runs these on nothing but tables; a series of channels passes them too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check("TwoD", TwoD())


FOR_STRINGS = [
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_estimators_fit_returns_self",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_fit_check_is_fitted",
    "check_estimators_pickle",
    "check_pipeline_consistency",
    "check_fit_idempotent",
]


@pytest.mark.parametrize("name", FOR_STRINGS)
def test_strings_pass_the_checks_of_the_interface(name: str) -> None:
    """Those that need no numbers; scikit-learn's checks make one-dimensional data for this detector."""
    detector = StringDetector()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(estimator_checks, name)("StringDetector", detector)
