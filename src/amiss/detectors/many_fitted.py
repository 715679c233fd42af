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
_NONE: Bytes = np.zeros(0, np.uint8)


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
    learnt : list of dict
        What `summary` tells of each, in short; empty where it could not be learnt.
    streams : dict of str to ndarray of shape (bytes,)
        Of those that go on, by key, what is kept between two updates, packed.
    given : int
        Rows given to `update` so far.
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
    learnt: list[dict[str, Any]] | tuple[()] = ()  # files of earlier versions hold none of these three
    streams: dict[str, Bytes] | None = None
    given: int = 0

    @classmethod
    def of(cls, parts: ByKey, shared: SharedModel | None, by: Any) -> Self:
        """Return what will hold the detectors of these series; nothing is kept yet."""
        many = cls()
        many.by = [by] if isinstance(by, str) else list(by or ())
        many.identities = [key.identity for key in parts.keys]
        many.names = [key.name for key in parts.keys]
        many.packed = [_NONE] * len(parts)
        many.learnt = [{} for _ in parts.keys]
        many.failed, many.shared, many.told, many.kept = {}, shared, {}, False
        return many

    def take(self, at: int, answer: dict[str, Any]) -> None:
        """Keep what was learnt of the series at a place, and its detector if it comes with it; or why there is none."""
        if "failed" in answer:
            if not len(self.packed[at]):  # what was learnt before is kept
                self.failed[self.names[at]] = answer["failed"]
            return
        self.failed.pop(self.names[at], None)
        self._learnt()[at] = answer["brief"]
        if "packed" in answer:
            self.kept = True
            self.packed[at] = answer.pop("packed")

    def _learnt(self) -> list[dict[str, Any]]:
        if not isinstance(self.learnt, list) or len(self.learnt) != len(self.names):
            self.learnt = [{} for _ in self.names]
        return self.learnt

    def place_of(self, key: Key) -> int | None:
        """Return the place of the series of a key, None where there is none."""
        if self._places is None:
            self._places = {identity: at for at, identity in enumerate(self.identities)}
        at: int | None = self._places.get(key.identity)
        return at

    def place_for(self, key: Key) -> int:
        """Return the place of the series of a key, a new one where there is none."""
        at = self.place_of(key)
        if at is None:
            at = len(self.names)
            self._learnt().append({})
            self.identities, self.names = [*self.identities, key.identity], [*self.names, key.name]
            self.packed = [*self.packed, _NONE]
            self._places[key.identity] = at
        return at

    # ------------------------------------------------------------- series that go on
    def stream_of(self, key: Key) -> Bytes:
        """Return what is kept of a series between two updates; nothing where none was given yet."""
        return (self.streams or {}).get(key.identity, _NONE)

    def go_on(self, streams: dict[str, Bytes], ends: dict[str, str], rows: int) -> None:
        """Keep what an update of so many rows left of each series, and their newest times."""
        self.streams = {**(self.streams or {}), **streams}
        self.given += rows
        for identity, end in ends.items():
            at = self.place_of(Key(identity, ""))
            if at is not None:
                self._learnt()[at]["newest"] = end

    def begin_anew(self, key: Key) -> None:
        """Forget what was given of a series to `update`: it was learnt anew."""
        self.streams = {
            identity: one for identity, one in (self.streams or {}).items() if identity != key.identity
        }

    def move_thresholds(self, ratio: float) -> None:
        """Multiply the threshold of each series."""
        for at, packed in enumerate(self.packed):
            if len(packed):
                detector = unpack(packed.tobytes(), compressed=True)
                detector._move_threshold(ratio)
                self.packed[at] = np.frombuffer(pack(detector, compressed=True), np.uint8)

    def asked(self, key: Key) -> dict[str, Any]:
        """Return what a task needs to judge the series of a key: its detector, or why that cannot be."""
        at = self.place_of(key)
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
