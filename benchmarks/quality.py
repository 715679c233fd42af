"""Judge amiss and the peers installed beside it on packs of labelled data; write figures and a page.

    python benchmarks/quality.py FOLDER [--packs tabular,series] [--peers IForest,KNN] [--only WDBC] [--out DIR]
    python benchmarks/quality.py FOLDER --docs        the same, and docs/quality.md renewed

FOLDER holds packs: folders of labelled data in the form of docs/bench.md. DIR (benchmarks/results) gets figures.jsonl,
one line a finished case: stopped at any moment, the next run goes on from there. quality.json holds means and ranks,
quality.html shows them. Peers that are not installed are named and skipped; figures measured elsewhere come from
--figures. Run it with the Python of an environment that holds amiss and benchmarks/requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from peers import of_series, of_strings, of_tables
from peers.peer import Peer
from quality_docs import renew
from quality_figures import AMISS, Figures, Kept, boards, measured_elsewhere
from quality_page import summary, write_quality

from amiss.errors import AmissError
from amiss.evaluation import Case, Scored, cases_of, find_labelled, outcome_of, read_labelled, scored_by_amiss

HERE = Path(__file__).resolve().parent
KINDS = ("table", "mixed", "cells", "series", "strings")
PEERS = [*of_tables.PEERS, *of_series.PEERS, *of_strings.PEERS]


def ours(models: str) -> Peer:
    """Return the detectors of amiss as a method."""

    def score(case: Case, seed: int) -> Scored:
        return scored_by_amiss(case, models, seed)

    return Peer(AMISS if models == "auto" else f"{AMISS} {models}", KINDS, (), score)


def methods(asked: argparse.Namespace) -> list[Peer]:
    """Return amiss and the peers asked for that are installed; those that are not are named."""
    chosen = [peer for peer in PEERS if any(fnmatchcase(peer.name, name) for name in asked.peers)]
    there = [peer for peer in chosen if not peer.missing]
    names = {peer.name for peer in there}
    absent = {peer.name: ", ".join(peer.missing) for peer in chosen if peer.missing}
    for name, missing in absent.items():
        print(f"skipped: {name} ({missing} not installed)", file=sys.stderr)
    return [*map(ours, asked.models), *(peer for peer in there if peer.stands_in_for not in names)]


def packs(asked: argparse.Namespace) -> list[Path]:
    """Return the folders of packs."""
    found = sorted(path for path in asked.folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [path for path in found if not asked.packs or path.name in asked.packs]


def questions(pack: Path, asked: argparse.Namespace) -> Iterator[tuple[int, Case]]:
    """Yield the cases of a pack with their seeds; data that cannot be read is told and left out."""
    try:
        places = find_labelled(str(pack))
    except AmissError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return
    for place in places:
        if asked.only and not any(fnmatchcase(place.name, name) for name in asked.only):
            continue
        try:
            labelled = read_labelled(place)
        except AmissError as error:
            print(f"skipped: {error}", file=sys.stderr)
            continue
        if not asked.kinds or labelled.kind in asked.kinds:
            for seed in asked.seeds:
                for case in cases_of(labelled, seed):
                    yield seed, case


def run(asked: argparse.Namespace, kept: Kept) -> None:
    """Run what is not finished yet; each finished case is kept at once."""
    chosen = methods(asked)
    for pack in packs(asked):
        for seed, case in questions(pack, asked):
            for method in chosen:
                key = (pack.name, case.name, case.protocol, method.name, seed)
                again = any(fnmatchcase(method.name, name) for name in asked.again)
                if case.kind in method.kinds and (again or key not in kept.by_key):
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        outcome = outcome_of(case, _asking(method, seed))
                    line = Figures.of(pack.name, method.name, seed, outcome)
                    kept.add(line)
                    _tell(line)


def _asking(method: Peer, seed: int) -> Callable[[Case], Scored]:
    return lambda case: method.score(case, seed)


def _tell(line: Figures) -> None:
    told = line.failure or " ".join(
        f"{name} {line.figures[name]:.3f}"
        for name in ("vus_pr", "roc_auc", "average_precision")
        if name in line.figures
    )
    print(
        f"{line.pack}/{line.name} {line.protocol}: {line.method}: {told} ({line.seconds:.1f} s)",
        file=sys.stderr,
    )


def options() -> argparse.Namespace:
    """Return what is asked for."""

    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    def pairs(text: str) -> list[tuple[str, str]]:
        return [(old, new) for old, equals, new in (name.partition("=") for name in names(text)) if equals]

    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path, help="holds the packs, a folder each")
    ask.add_argument("--packs", type=names, default=[], help="names of packs; all by default")
    ask.add_argument("--kinds", type=names, default=[], help=f"of {', '.join(KINDS)}; all by default")
    ask.add_argument("--only", type=names, default=[], help="names of data sets, or patterns")
    ask.add_argument(
        "--peers", type=names, default=["*"], help="names of peers, or patterns; 'none' for none"
    )
    ask.add_argument("--models", type=names, default=["auto"], help="of amiss; auto,fast runs both")
    ask.add_argument("--seeds", type=lambda text: list(map(int, names(text))), default=[0])
    ask.add_argument("--out", type=Path, default=HERE / "results", help="benchmarks/results by default")
    ask.add_argument("--figures", type=Path, help="folder of CSV files: name,group,protocol,method,metrics")
    ask.add_argument(
        "--leave-out", type=names, default=[], help="methods of --figures that are not to be shown"
    )
    ask.add_argument(
        "--call", type=pairs, default=[], help="methods of --figures by other names: old=new,old=new"
    )
    ask.add_argument("--again", type=names, default=[], help="methods, or patterns, that are run anew")
    ask.add_argument("--no-run", action="store_true", help="renew the page from what is there, run nothing")
    ask.add_argument("--docs", action="store_true", help="renew the tables of docs/quality.md too")
    asked = ask.parse_args()
    if not asked.folder.is_dir():
        ask.error(f"{asked.folder} is no folder. Give one that holds packs.")
    if any(kind not in KINDS for kind in asked.kinds):
        ask.error(f"--kinds knows {', '.join(KINDS)}.")
    return asked


def main() -> int:
    """Run what is missing, bring the figures together, write the pages."""
    asked = options()
    asked.out.mkdir(parents=True, exist_ok=True)
    kept = Kept(asked.out / "figures.jsonl")
    try:
        if not asked.no_run:
            run(asked, kept)
    except KeyboardInterrupt:
        print(f"stopped; {len(kept.lines)} finished cases are kept in {kept.path}", file=sys.stderr)
        return 130
    lines = kept.lines
    if asked.figures:
        groups = {(line.pack, line.name): line.group for line in lines}
        measured = {(line.pack, line.name, line.protocol, line.method) for line in lines}
        for line in measured_elsewhere(asked.figures, groups, dict(asked.call)):
            unwanted = any(fnmatchcase(line.method, name) for name in asked.leave_out)
            if not unwanted and line.key[:4] not in measured:
                lines.append(line)
    found = boards(lines)
    if not found:
        print("nothing was judged: no labelled data of that name", file=sys.stderr)
        return 2
    (asked.out / "quality.json").write_text(json.dumps(summary(found), indent=1) + "\n", "utf-8")
    write_quality(found, asked.out / "quality.html", command=shlex.join(["python", *sys.argv]))
    print(f"written: {asked.out / 'quality.html'}", file=sys.stderr)
    if asked.docs:
        renew(HERE.parent / "docs" / "quality.md", found)
        print("written: docs/quality.md", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
