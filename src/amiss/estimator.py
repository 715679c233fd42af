"""scikit-learn's conventions without importing scikit-learn, which costs more than a whole small job.

scikit-learn asks an estimator for ``get_params``, ``set_params``, ``__sklearn_tags__`` and learnt names that end in an
underscore; no base class is needed. It is imported only when it asks for the tags, that is, when it is there anyway.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any, Self

from amiss.errors import NotFittedError, ParameterError


class Estimator:
    """An object with parameters: ``__init__`` only assigns, ``get_params`` and ``set_params`` read and write them."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return sorted(n for n in inspect.signature(cls.__init__).parameters if n != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool
            Kept for scikit-learn; parameters hold no estimators.
        """
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Raises
        ------
        ParameterError
            A name is not a parameter.
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise ParameterError(
                    f"Parameter {name!r} is not known to {type(self).__name__}. Known: {', '.join(known)}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the text that builds the same estimator; only parameters that differ from their default."""
        defaults = {n: p.default for n, p in inspect.signature(type(self).__init__).parameters.items()}
        changed = [f"{n}={v!r}" for n, v in self.get_params().items() if not _same(v, defaults[n])]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def _check_is_fitted(self) -> None:
        if self.__sklearn_is_fitted__():
            return
        name = type(self).__name__
        message = (
            f"This {name} is not fitted yet. Call fit(data) first, or load a saved one: amiss.load(path)."
        )
        raise _not_fitted_class()(message)

    def _two_d_array(self) -> bool:
        """Return whether the rows of a plain two-dimensional array are independent items."""
        return False

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        array = self._two_d_array()
        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(
                one_d_array=not array, two_d_array=array, categorical=array, string=True, allow_nan=True
            ),
        )


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def _not_fitted_class() -> type[NotFittedError]:
    """Return our error; where scikit-learn is loaded, one that its ``except NotFittedError`` catches too."""
    if "sklearn.exceptions" not in sys.modules:
        return NotFittedError
    theirs = sys.modules["sklearn.exceptions"].NotFittedError
    return type("NotFittedError", (NotFittedError, theirs), {})
