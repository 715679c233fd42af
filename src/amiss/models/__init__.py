"""The shelf of models."""

from amiss.models.base import Model

__all__ = ["Model"]
