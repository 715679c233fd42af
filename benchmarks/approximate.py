"""Print what approximate search would bring the memory of normal rows, beside its own exact search.

    python benchmarks/approximate.py [--stored 5000,100000] [--columns 50] [--asking 20000]

Every library that is installed takes part: hnswlib (Malkov and Yashunin 2018), usearch (the same), faiss (exact, and
inverted lists: Johnson, Douze and Jegou 2019). One thread. Recall: share of the five nearest rows that are found.
Pays from: rows to be judged from which building and asking is quicker than the exact search.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from amiss.numerics.neighbours import NearestRows

_K = 5
_Rows = np.ndarray[Any, Any]
Asked = Callable[[_Rows], Any]


def rows(count: int, columns: int, rng: np.random.Generator) -> _Rows:
    """Return rows of eight hidden factors through 32 saturating units, and noise, in standard deviations."""
    structure = np.random.default_rng(1)
    units, mixing = structure.normal(size=(8, 32)) / np.sqrt(8), structure.normal(size=(32, columns)) / 6
    values = np.tanh(2 * rng.normal(size=(count, 8)) @ units) @ mixing + 0.1 * rng.normal(
        size=(count, columns)
    )
    return np.asarray(values / 0.6)


def exact(stored: _Rows) -> Iterator[tuple[str, Asked]]:
    """Yield the search of amiss: float64, the same answer whatever the batch."""
    yield "amiss, exact", lambda asking: NearestRows(stored).nearest(asking, _K)[1]


def hnswlib(stored: _Rows) -> Iterator[tuple[str, Asked]]:
    """Yield graphs searched with little and with much effort."""
    index = importlib.import_module("hnswlib").Index(space="l2", dim=stored.shape[1])
    index.init_index(len(stored), M=16, ef_construction=200)
    index.add_items(stored, num_threads=1)
    for effort in (32, 128):
        index.set_ef(effort)
        yield f"hnswlib, ef {effort}", lambda asking: index.knn_query(asking, _K, num_threads=1)[0]


def usearch(stored: _Rows) -> Iterator[tuple[str, Asked]]:
    """Yield a graph."""
    made = importlib.import_module("usearch.index").Index
    index = made(ndim=stored.shape[1], metric="l2sq", dtype="f32", expansion_search=64)
    index.add(np.arange(len(stored)), stored.astype(np.float32), threads=1)
    yield "usearch", lambda asking: index.search(asking.astype(np.float32), _K, threads=1).keys


def faiss(stored: _Rows) -> Iterator[tuple[str, Asked]]:
    """Yield exact search in float32, and inverted lists searched with little and with much effort."""
    library = importlib.import_module("faiss")
    library.omp_set_num_threads(1)
    stored = stored.astype(np.float32)
    flat = library.IndexFlatL2(stored.shape[1])
    flat.add(stored)
    yield "faiss, exact float32", lambda asking: flat.search(asking.astype(np.float32), _K)[1]
    lists = int(np.sqrt(len(stored)))
    index = library.IndexIVFFlat(library.IndexFlatL2(stored.shape[1]), stored.shape[1], lists)
    index.train(stored)
    index.add(stored)
    for probes in (4, 16):
        index.nprobe = probes
        yield (
            f"faiss, {probes} of {lists} lists",
            lambda asking: index.search(asking.astype(np.float32), _K)[1],
        )


def main() -> None:
    """Print a line a search and number of stored rows."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--stored", type=lambda t: [int(n) for n in t.split(",")], default=[5_000, 100_000])
    ask.add_argument("--columns", type=int, default=50)
    ask.add_argument("--asking", type=int, default=20_000)
    asked = ask.parse_args()
    print(
        "| stored rows | search | build, CPU s | asking, us a row | recall | pays from |\n|---|---|---|---|---|---|"
    )
    for count in asked.stored:
        stored = rows(count, asked.columns, np.random.default_rng(2))
        asking = rows(asked.asking, asked.columns, np.random.default_rng(3))
        right, usual = np.zeros((0, 0)), 0.0
        for library in (exact, hnswlib, usearch, faiss):
            began = time.process_time()
            try:
                for name, search in library(stored):
                    built = time.process_time()
                    found = np.asarray(search(asking))
                    each = 1e6 * (time.process_time() - built) / len(asking)
                    right, usual = (right, usual) if len(right) else (found, each)
                    shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(found, right, strict=True)])
                    gain = usual - each
                    pays = (
                        ""
                        if found is right
                        else f"{1e6 * (built - began) / gain:,.0f}"
                        if gain > 0
                        else "never"
                    )
                    line = f"| {count:,} | {name} | {built - began:.2f} | {each:.1f} | {shared / _K:.3f} | {pays} |"
                    print(line, flush=True)
                    began += (
                        time.process_time() - built
                    )  # the next of the same library needs no building of its own
            except ModuleNotFoundError:
                print(f"| {count:,} | {library.__name__}: not installed | | | | |")


if __name__ == "__main__":
    main()
