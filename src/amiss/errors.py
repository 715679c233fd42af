"""Every error and warning amiss raises on purpose.

::

    AmissError
    ├── DataError            the data given cannot be used: place, value, what to do     (ValueError)
    ├── ParameterError       a parameter is out of its legal values                      (ValueError)
    │   └── UnknownPartError a model, threshold, source or sink of that name is not known
    ├── NotFittedError       a detector was asked before ``fit``           (ValueError, AttributeError)
    ├── MissingExtraError    an optional package is needed: the pip line                 (ImportError)
    ├── ModelFileError       a model file was refused or not written, with the reason    (ValueError)
    ├── ExportError          a detector cannot be written in another format, with the reason     (ValueError)
    ├── SourceError          data cannot be read: file, table, stream                    (ValueError)
    ├── SinkError            an answer cannot be written                                 (ValueError)
    └── ClusterError         partitions of large data were not done: which, and why    (RuntimeError)

    AmissWarning             something to know that does not stop the work               (UserWarning)

Each message holds a sentence of fact with place and value, then what is legal, then what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_BOLD = re.compile("\x1b\\[[0-9;]*m")


def in_one_line(error: BaseException, longest: int = 300) -> str:
    """Return what an error of another library says, in one line, to stand inside a sentence.

    Examples
    --------
    >>> in_one_line(ValueError("Bad shape.\\n\\n(2, 3)"))
    'Bad shape. (2, 3)'
    """
    text = " ".join(_BOLD.sub("", str(error)).split()) or type(error).__name__
    return text[:longest].rstrip(". ")


class AmissError(Exception):
    """Any error that amiss raises on purpose."""


class DataError(AmissError, ValueError):
    """The data given cannot be used."""


class ParameterError(AmissError, ValueError):
    """A parameter is outside its legal values."""


class UnknownPartError(ParameterError):
    """No part of that name stands on the shelf."""

    @classmethod
    def of(cls, shelf: str, name: str, known: Iterable[str]) -> UnknownPartError:
        """Return the error that lists what is known and guesses what was meant."""
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        return cls(f"{shelf.capitalize()} {name!r} is not known. Known: {', '.join(known)}.{guess}")


class NotFittedError(AmissError, ValueError, AttributeError):
    """A detector was asked for an answer before it was fitted."""


class MissingExtraError(AmissError, ImportError):
    """An optional package is needed and not installed."""

    @classmethod
    def of(cls, purpose: str, packages: str, extra: str) -> MissingExtraError:
        """Return the error that names the packages and the pip line."""
        return cls(f"{purpose} needs {packages}. Install: pip install 'amiss[{extra}]'.")


class ModelFileError(AmissError, ValueError):
    """A model file was refused, or cannot be written."""


class ExportError(AmissError, ValueError):
    """A detector cannot be written in another format, or does not score there as it does here."""


class SourceError(AmissError, ValueError):
    """Data cannot be read from where it was said to be."""


class SinkError(AmissError, ValueError):
    """An answer cannot be written where it was said to go."""


class ClusterError(AmissError, RuntimeError):
    """Partitions of large data were not done, or there is no cluster to do them."""


class AmissWarning(UserWarning):
    """Something to know that does not stop the work."""
