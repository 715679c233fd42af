"""A job larger than memory: learn on a sample, score partition by partition, tell of the whole.

The rows never lie in memory together: partitions are read, scored and written by the processes of a cluster, and only
summaries come back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import amiss
from amiss.clusters import Cluster, Failure, Work
from amiss.clusters.failures import not_done
from amiss.clusters.partition_work import digest_of
from amiss.clusters.scoring import check_points_stand_alone, scored
from amiss.clusters.summary import Summary, empty, together
from amiss.errors import ParameterError, SinkError
from amiss.job import Job, Reading, loaded, unfitted
from amiss.large.answer import answer_of
from amiss.large.data import LargeData, find_data
from amiss.large.folder import JobFolder
from amiss.large.joining import join
from amiss.large.pace import Pace
from amiss.large.sampling import drawn_words, read_sample, refuse_series, without_jobs
from amiss.large_detection import LargeDetection
from amiss.model_file import load, save
from amiss.models.given import network_named
from amiss.outputs import is_one_file
from amiss.part import make_part
from amiss.partitions import SAMPLE, Partitions
from amiss.progress import Told, listening

if TYPE_CHECKING:
    from amiss.detectors.base import Detector

WORST = 1_000
"""Anomalies that are kept, with their causes."""


@dataclass(frozen=True)
class Scale:
    """How a job larger than memory is done.

    Attributes
    ----------
    output : str or None
        Where the answer on every row goes: a folder of part files, or one file.
    sample : int
        Rows to learn from, drawn at random.
    memory : str or None
        How much all processes together take, such as "2G"; half of what is free by default.
    jobs : int or None
        Processes at a time; all processors by default.
    cluster : str
        Where the work is done.
    """

    output: str | None = None
    sample: int = SAMPLE
    memory: str | None = None
    jobs: int | None = None
    cluster: str = "local"

    def __post_init__(self) -> None:
        for name, value in (("sample", self.sample), ("jobs", self.jobs)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ParameterError(f"{name} is {value!r}. Legal: whole numbers from 1.")


def detect_large(
    place: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | None = None,
    key: str | None = None,
    columns: Sequence[str] = (),
    memory: str | None = None,
    jobs: int | None = None,
    **options: Any,
) -> LargeDetection:
    """Return what is amiss in data larger than memory: learn on a sample, score part by part, keep the worst.

    Parameters
    ----------
    place : str or path
        A file, a folder or a glob such as ``"logs/2026-*.parquet"``: Parquet, CSV, JSON lines or plain lines.
    output : str or path, optional
        Where the answer on every row goes: a folder, which gets a file a part, or one ``.parquet``, ``.csv`` or
        ``.tsv`` file. The same call goes on where one before it was stopped.
    model : str or path, optional
        A model file to judge by; None learns from the data.
    key : str, optional
        The column that names the rows; it is not looked at.
    columns : sequence of str
        Those to look at; all by default.
    memory : str, optional
        How much all processes together take, such as "2G"; half of what is free by default.
    jobs : int, optional
        Processes; all processors by default.
    **options
        ``sample``: rows to learn from (20,000 by default); ``cluster``: where the work is done ("local"); ``format``,
        ``kind``, ``labels``, ``limits`` and ``network`` as on the command line; the rest are the detector's.

    Returns
    -------
    LargeDetection
        Verdict and counts of the whole, the worst 1,000 anomalies with their causes, and ``path``.

    Raises
    ------
    SourceError, DataError, ParameterError, ModelFileError, SinkError
        The data, the parameters, the model or the output cannot be used.
    ClusterError
        Partitions could not be done; those that are done are kept, and the same call goes on with the rest.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "codes.txt").write_text("\\n".join([f"AB{i:02d}" for i in range(99)] + ["AB-7"]))
    ...     detection = detect_large(f"{folder}/*.txt", jobs=1)
    >>> detection.verdict, [anomaly.label for anomaly in detection]
    ('1 of 100 strings unusual, fewer than 1 expected by chance.', ['"AB-7"'])
    """
    scale = {name: options.pop(name) for name in ("sample", "cluster") if name in options}
    said = {name: options.pop(name) for name in ("format", "kind", "labels", "network") if name in options}
    limits = tuple(options.pop("limits", ()))
    path = None if model is None else os.fspath(model)
    job = Job(
        os.fspath(place), key=key, columns=tuple(columns), limits=limits, params=options, model=path, **said
    )
    detection, _ = judge_in_parts(
        job,
        Scale(output=None if output is None else os.fspath(output), memory=memory, jobs=jobs, **scale),
    )
    return detection


def judge_in_parts(job: Job, scale: Scale, told: Told = lambda text: None) -> tuple[LargeDetection, str]:
    """Return what is amiss in data larger than memory, and in words what was found there.

    Raises
    ------
    SourceError, DataError, ParameterError, ModelFileError, SinkError
        The data, the parameters, the model or the output cannot be used.
    ClusterError
        Partitions could not be done; those that are done are kept, and the same job goes on with the rest.
    """
    cluster = make_part(Cluster, scale.cluster)
    job = without_jobs(job)
    check_outside(scale.output, job.place)
    with _folder_of(scale.output) as folder:
        data = find_data(job, scale.memory, scale.jobs, folder.rows, told)
        record = _record(job, scale, data)
        folder.check(record)
        detector, choice = _judge(job, scale, folder, data, told)
        scored(
            detector, data.head[:1].drop(data.unseen), data.keys
        )  # what does not fit shows before the work
        folder.take(record)
        if job.model is None and not os.path.exists(folder.model):
            save(detector, folder.model)
        work = Work(
            reader=data.partitions.reader,
            model=job.model or folder.model,
            network=job.network,
            keys=data.keys,
            unseen=data.unseen,
            folder=folder.path if scale.output else None,
            worst=WORST,
            jobs=data.cut.jobs,
        )
        whole, resumed = _score(cluster, work, data.partitions, folder, told)
        _finish(scale.output, folder, len(data.partitions.partitions), told)
    notes = (*data.partitions.notes, *resumed, *detector._notes_on(data.items(data.head)))
    detection = answer_of(detector, whole, notes, scale.output)
    drawn = {"sample": drawn_words(scale.sample, whole.rows)} if job.model is None else {}
    return replace(detection, learnt={**detection.learnt, "choice": choice, **drawn}), data.partitions.found


def check_outside(output: str | None, place: str) -> None:
    """Raise where the answer would lie among the data.

    Raises
    ------
    SinkError
        The next run would read it.
    """
    if output is None or not os.path.isdir(place):
        return
    inner, outer = os.path.realpath(output), os.path.realpath(place)
    if inner == outer or inner.startswith(outer + os.sep):
        raise SinkError(
            f"{output!r} lies in the folder of the data, {place!r}: the next run would read it. Name a place outside "
            "of it."
        )


@contextmanager
def _folder_of(output: str | None) -> Iterator[JobFolder]:
    """Give the folder in which the work is done: the output, one beside the one file, or one for a while."""
    with ExitStack() as open_ones:
        if output is None:
            path = open_ones.enter_context(tempfile.TemporaryDirectory(prefix="amiss-"))
        else:
            path = f"{output}.parts" if is_one_file(output) else output
        yield open_ones.enter_context(JobFolder(path))


def _judge(job: Job, scale: Scale, folder: JobFolder, data: LargeData, told: Told) -> tuple[Detector, str]:
    """Return what judges the rows, and the choice of its kind in words.

    It is the model of the job, the one that lies in the folder already, or what is learnt from a sample of the rows.
    """
    reading = Reading(data.items(data.head), data.partitions.found)
    if job.model is not None:
        detector, choice = loaded(job, job.model, reading, told)
        check_points_stand_alone(detector)
        return detector, str(choice)
    detector, choice = unfitted(job, reading)
    refuse_series(job, choice)
    if os.path.exists(folder.model):
        return load(folder.model, models=network_named(job.network) if job.network else None), str(choice)
    return _learnt(job, scale, data, detector, told), str(choice)


def _learnt(job: Job, scale: Scale, data: LargeData, detector: Detector, told: Told) -> Detector:
    """Return the detector fitted on a sample."""
    reading = read_sample(job, data, scale.sample, told)
    told(f"Learning what is normal ({detector.kind})")
    with listening(told):
        return detector.fit(reading.data, labels=reading.labels)


def _record(job: Job, scale: Scale, data: LargeData) -> dict[str, Any]:
    """Return what makes a job the same job."""
    return {
        "amiss": amiss.__version__,
        "place": job.place,
        "format": job.format,
        "columns": list(data.partitions.names),
        "key": job.key,
        "labels": job.labels,
        "kind": job.kind,
        "parameters": {name: _told(value) for name, value in job.params.items()},
        "network": job.network,
        "model": digest_of(job.model) if job.model is not None and os.path.isfile(job.model) else job.model,
        "sample": scale.sample if job.model is None else None,
        "files": [list(file) for file in data.partitions.files],
        "rows": data.cut.rows,
    }


def _told(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _told(one) for name, one in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _score(
    cluster: Cluster, work: Work, partitions: Partitions, folder: JobFolder, told: Told
) -> tuple[Summary, tuple[str, ...]]:
    """Return the summary of all partitions, and a note where some of them were done before.

    Raises
    ------
    ClusterError
        Some could not be done.
    """
    digest = digest_of(work.model)
    before = folder.done(partitions.partitions, digest) if work.folder else []
    whole = empty(-1, digest)
    for summary in before:
        whole = together(whole, summary, work.worst)
    done = {summary.number for summary in before}
    left = [one for one in partitions.partitions if one.number not in done]
    failures, pace = [], Pace(partitions.rows, whole.rows)
    told(pace.words(whole.rows))
    for answer in cluster.score(work, left) if left else ():
        if isinstance(answer, Failure):
            failures.append(answer)
        else:
            whole = together(whole, answer, work.worst)
            told(pace.words(whole.rows))
    if failures:
        raise not_done(failures, partitions.partitions, work.folder)
    note = f"Resumed: {len(before):,} of {len(partitions.partitions):,} partitions were done before."
    return whole, (note,) if before else ()


def _finish(output: str | None, folder: JobFolder, count: int, told: Told) -> None:
    """Join the parts where one file is wanted."""
    if output is not None and is_one_file(output):
        told(f"Writing {output}")
        join(folder.parts(count), output, folder.path)
        folder.remove()
