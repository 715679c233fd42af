"""What amiss does in benchmarks/neural.py, one job a process, like the peers' scripts.

Usage: python amiss_jobs.py step WIDTHS BATCH            seconds a training step of the dense core
       python amiss_jobs.py fit ROWS.npy HELD_OUT.npy    seconds a row of one pass, mean squared error on HELD_OUT
       python amiss_jobs.py score ROWS.npy               seconds a row of the dense network alone
       python amiss_jobs.py table ROWS.npy               seconds to fit the default detector and have all scores
       python amiss_jobs.py strings LINES.txt            the same for strings, whose last five lines are the anomalies
       python amiss_jobs.py save ROWS.npy MODEL.amiss    fit a dense detector and save it
       python amiss_jobs.py cold ROWS.npy MODEL.amiss    load it and score 1,000 rows
       python amiss_jobs.py limit FLOPS                  seconds this processor needs for so many, in matrix products
"""

import pathlib
import sys

import numpy as np
from peers.clock import Clock

STEPS = 2000
AT_ONCE = 4096


def dense_network(rows, epochs=1):
    """Return 50-64-16-64-50 that has seen the rows `epochs` times, in steps of 256."""
    from amiss.models.dense import Dense

    network = Dense(latent=16, hidden=64, depth=1, epochs=epochs, batch_size=256, validation_split=0.0)
    return network.learn(rows, True, np.random.default_rng(0))


def as_rows(values):
    """Return an array (rows, columns) as networks take it."""
    from amiss.networks.rows import Layout, Rows

    seen = np.ones((len(values), 1, values.shape[1]), bool)
    codes = np.zeros((len(values), 1, 0), np.int64)
    return Rows(Layout(1, values.shape[1]), values[:, None], codes, seen)


def errors(network, values):
    """Return the mean squared error of each row."""
    found = np.empty(len(values), np.float32)
    for start in range(0, len(values), AT_ONCE):
        block = values[start : start + AT_ONCE]
        error = network.rebuild(block[:, None])[:, 0] - block
        found[start : start + AT_ONCE] = np.einsum("ij,ij->i", error, error) / block.shape[1]
    return found


def step(widths, size):
    """Time training steps, shuffling included."""
    from amiss.networks.dense_core import DenseTrainee, Stack
    from amiss.training import Schedule, train

    sizes, size, draw = [int(width) for width in widths.split("-")], int(size), np.random.default_rng(0)
    rows = as_rows(draw.standard_normal((STEPS * size, sizes[0]), np.float32))
    stack = Stack(sizes, ["relu"] * (len(sizes) - 2) + ["linear"])

    def first():
        stack.weights[...] = draw.normal(0, 0.1, stack.count)

    trainee = DenseTrainee(stack, rows, first, draw)
    with Clock() as clock:
        train(trainee, len(rows), Schedule(1, size, 1e-3, validation_split=0.0), draw)
    clock.tell(STEPS)


def fit(path, held_out):
    """Time one pass over the rows, from the first weights to the last."""
    values, held = np.load(path), np.load(held_out)
    rows = as_rows(values)
    dense_network(as_rows(values[:512]))  # imports, as the peers have theirs done
    with Clock() as clock:
        network = dense_network(rows)
    clock.tell(len(values), loss=float(errors(network, held).mean()))


def score(path):
    """Time the error of each row."""
    values = np.load(path)
    network = dense_network(as_rows(values[:5000]))
    with Clock() as clock:
        errors(network, values)
    clock.tell(len(values))


def table(path):
    """Time the default detector of tables."""
    from amiss import TableDetector

    values = np.load(path)
    with Clock() as clock:
        TableDetector(random_state=0).fit(values)
    clock.tell(1)


def strings(path):
    """Time the default detector of strings."""
    from amiss import StringDetector

    lines = pathlib.Path(path).read_text().splitlines()
    with Clock() as clock:
        scores = StringDetector(random_state=0).fit(lines).scores_
    clock.tell(1, found=int(np.sum(np.argsort(scores)[-5:] >= len(lines) - 5)))


def save(path, model):
    """Save a dense detector."""
    import amiss

    amiss.save(amiss.TableDetector(models="dense", random_state=0).fit(np.load(path)[:10_000]), model)


def cold(path, model):
    """Score with a saved detector."""
    import amiss

    amiss.load(model).score_samples(np.load(path, mmap_mode="r")[:1000])


def limit(flops):
    """Time a float32 product of two large matrices, the fastest of 30, and tell what `flops` would take at its pace."""
    side = 2048
    matrix = np.random.default_rng(0).standard_normal((side, side), np.float32)
    clocks = []
    for _ in range(30):
        with Clock() as clock:
            matrix @ matrix
        clocks.append(clock)
    min(clocks, key=lambda clock: clock.cpu).tell(2 * side**3 / float(flops))


if __name__ == "__main__":
    jobs = {job.__name__: job for job in (step, fit, score, table, strings, save, cold, limit)}
    jobs[sys.argv[1]](*sys.argv[2:])
