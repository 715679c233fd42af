"""The shelf of models."""

from amiss.models.base import Model, StringModel
from amiss.models.check_digit import CheckDigit
from amiss.models.gaps import Gaps
from amiss.models.local import Local
from amiss.models.marginal import Marginal
from amiss.models.memory import Memory
from amiss.models.ngram import NGram
from amiss.models.rarity import Rarity
from amiss.models.robust import Robust
from amiss.models.typo import Typo

__all__ = [
    "CheckDigit",
    "Gaps",
    "Local",
    "Marginal",
    "Memory",
    "Model",
    "NGram",
    "Rarity",
    "Robust",
    "StringModel",
    "Typo",
]
