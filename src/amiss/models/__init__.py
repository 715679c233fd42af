"""The shelf of models."""

from amiss.models.base import Model
from amiss.models.gaps import Gaps
from amiss.models.local import Local
from amiss.models.marginal import Marginal
from amiss.models.memory import Memory
from amiss.models.robust import Robust

__all__ = ["Gaps", "Local", "Marginal", "Memory", "Model", "Robust"]
