"""What is learnt from where the data are larger than memory: rows drawn at random."""

from __future__ import annotations

from dataclasses import replace

from amiss.detectors.any_kind import Choice
from amiss.errors import DataError
from amiss.job import Job, Reading, unfitted
from amiss.large.data import LargeData, find_data
from amiss.partitions import SAMPLE
from amiss.partitions import sample as drawn_from
from amiss.progress import Told
from amiss.reading.side_columns import labels_in


def read_some(
    job: Job, sample: int = SAMPLE, memory: str | None = None, told: Told = lambda text: None
) -> tuple[Job, Reading]:
    """Return the job of learning from rows drawn from data larger than memory, and these rows.

    Parameters
    ----------
    job : Job
    sample : int
        How many rows; all where there are fewer.
    memory : str or None
        How much all processes together take that read, such as "2G"; half of what is free by default.
    told : callable
        Told what the work is at.

    Raises
    ------
    SourceError, ParameterError
        The data cannot be read, or the memory is too little.
    DataError
        The data were taken for a series.
    """
    data = find_data(job, memory, job.params.get("jobs"), None, told)
    job = without_jobs(job)
    refuse_series(job, unfitted(job, Reading(data.items(data.head), data.partitions.found))[1])
    return job, read_sample(job, data, sample, told)


def without_jobs(job: Job) -> Job:
    """Return the job without the number of processes: they read and score here, and no detector takes it."""
    return replace(job, params={name: value for name, value in job.params.items() if name != "jobs"})


def read_sample(job: Job, data: LargeData, rows: int, told: Told) -> Reading:
    """Return rows drawn from data that are found, with what is known of them."""
    seed = job.params.get("random_state", 0)
    drawn = drawn_from(
        data.partitions, rows, seed if isinstance(seed, int | None) else 0, told, data.cut.jobs
    )
    labels = labels_in(drawn[data.labels].to_list(), data.labels) if data.labels else None
    note = f"Learnt from {drawn_words(rows, data.partitions.rows)}."
    return Reading(data.items(drawn), data.partitions.found, (*data.partitions.notes, note), labels=labels)


def drawn_words(rows: int, of: int) -> str:
    """Return how many rows are learnt from, in words.

    Examples
    --------
    >>> drawn_words(20_000, 12_345_678), drawn_words(20_000, 900)
    ('20,000 of 12,345,678 rows, drawn at random', 'all 900 rows')
    """
    return f"{rows:,} of {of:,} rows, drawn at random" if rows < of else f"all {of:,} rows"


def refuse_series(job: Job, choice: Choice) -> None:
    """Raise where the data were taken for a series, whose points are no rows to be drawn.

    Raises
    ------
    DataError
        They were.
    """
    if choice.kind == "series":
        raise DataError(
            f"{job.called} was taken for a series ({choice.reason}), and the points of a series hang together: they "
            "are not scored in parts. Name the kind if each row stands for itself (--kind table); else look at the "
            "series of some keys, or of some time, as one file at a time (amiss detect FILE --time COLUMN --by KEY)."
        )
