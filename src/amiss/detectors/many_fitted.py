"""What is kept of many series that were learnt: each detector packed, by its key."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from amiss.detectors.shared_model import SharedModel
from amiss.packed import pack, unpack
from amiss.part import Stored
from amiss.reading.by_key import ByKey, Key, key_values
from amiss.reading.frames import Frame, read_frame

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class ManyFitted(Stored):
    """The detectors of many series, packed: about a quarter of what they take unpacked.

    Attributes
    ----------
    by : list of str
        The key columns; empty where each column is a series.
    identities : list of str
        The key of each series, as JSON.
    names : list of str
    packed : list of ndarray of shape (bytes,)
        The detector of each, as `pack` packs it; empty where it could not be learnt.
    failed : dict of str to str
        Why, by name.
    shared : SharedModel or None
        What they share.
    told : dict
        What `summary` tells.
    kept : bool
        Whether there are detectors at all.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"_places"})
    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("identities", "names", "packed"),)

    by: list[str]
    identities: list[str]
    names: list[str]
    packed: list[Bytes]
    failed: dict[str, str]
    shared: SharedModel | None
    told: dict[str, Any]
    kept: bool

    @classmethod
    def of(cls, parts: ByKey, shared: SharedModel | None, by: Any) -> Self:
        """Return what will hold the detectors of these series; nothing is kept yet."""
        many = cls()
        many.by = [by] if isinstance(by, str) else list(by or ())
        many.identities = [key.identity for key in parts.keys]
        many.names = [key.name for key in parts.keys]
        many.packed = [np.zeros(0, np.uint8)] * len(parts)
        many.failed, many.shared, many.told, many.kept = {}, shared, {}, False
        return many

    def take(self, at: int, answer: dict[str, Any]) -> None:
        """Keep the detector of the series at a place, or why there is none."""
        self.kept = True
        if "failed" in answer:
            self.failed[self.names[at]] = answer["failed"]
        else:
            self.packed[at] = answer.pop("packed")

    def move_thresholds(self, ratio: float) -> None:
        """Multiply the threshold of each series."""
        for at, packed in enumerate(self.packed):
            if len(packed):
                detector = unpack(packed.tobytes(), compressed=True)
                detector._move_threshold(ratio)
                self.packed[at] = np.frombuffer(pack(detector, compressed=True), np.uint8)

    def asked(self, key: Key) -> dict[str, Any]:
        """Return what a task needs to judge the series of a key: its detector, or why that cannot be."""
        if self._places is None:
            self._places = {identity: at for at, identity in enumerate(self.identities)}
        at = self._places.get(key.identity)
        if at is not None and len(self.packed[at]):
            return {"packed": self.packed[at]}
        if at is not None:
            return {
                "failed": f"It could not be learnt: {self.failed.get(self.names[at], 'it holds nothing')}"
            }
        if self.shared is not None:
            return {"place": self.shared.points + 4 * self.shared.window}
        return {
            "failed": "It was not in the data given to fit, so there is nothing to compare it with. Fit on data that "
            "holds it, or let all series share one model: SeriesDetector(..., share=True)."
        }

    _places: Any = None


def probe_of(many: ManyFitted) -> Any:
    """Return a few items of the first series that was learnt, as data of many."""
    from amiss.detectors.shared_series import SharedSeries

    at = next(place for place, packed in enumerate(many.packed) if len(packed))
    detector = unpack(many.packed[at].tobytes(), compressed=True)
    if isinstance(detector, SharedSeries) and many.shared is not None:
        detector.sharing(many.shared, detector.place_)
    frame = read_frame(detector._probe())
    if not many.by:
        return frame
    columns = []
    for value in key_values(many.identities[at]):
        column = np.empty(len(frame), dtype=object)
        column[:] = value
        columns.append(column)
    return Frame((*many.by, *frame.names), [*columns, *frame.columns], timezones=frame.timezones)
