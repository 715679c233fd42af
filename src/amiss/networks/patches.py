"""Patches: neighbouring positions taken as one, and back; written once over the operations."""

from __future__ import annotations

from typing import Any


def to_patches(operations: Any, values: Any, positions: int, width: int, size: int) -> Any:
    """Return every ``size`` positions as one, shape (rows, patches, size width); the last is filled up with zeros.

    Parameters
    ----------
    operations : module
        Such as `numpy_operations`.
    values : array of shape (rows, positions, width)
    positions, width : int
    size : int
        At most as many as there are positions.
    """
    patches = -(-positions // size)
    flat = operations.reshape(values, (-1, positions * width))
    more = (patches * size - positions) * width
    if more:
        flat = operations.concat([flat, operations.part(flat, 0, more) * 0])
    return operations.reshape(flat, (-1, patches, size * width))


def from_patches(operations: Any, patches: Any, positions: int, width: int, size: int) -> Any:
    """Return the positions of patches, shape (rows, positions, width); what had been filled up is cut off."""
    whole = -(-positions // size) * size
    flat = operations.reshape(patches, (-1, whole * width))
    return operations.reshape(operations.part(flat, 0, positions * width), (-1, positions, width))


__all__ = ["from_patches", "to_patches"]
