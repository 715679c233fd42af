"""Time a part of a program, and tell what was measured as one line of JSON."""

import json
import time
from typing import Self


class Clock:
    """Wall and CPU seconds of a block; CPU seconds count every thread of the process."""

    def __enter__(self) -> Self:
        self.began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.began[0]
        self.cpu = time.process_time() - self.began[1]

    def tell(self, items: int, **more: float) -> None:
        """Print the seconds an item and whatever else was measured."""
        print(json.dumps({"wall": self.wall / items, "cpu": self.cpu / items, **more}))
