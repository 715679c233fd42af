"""How good detectors are on labelled data: a folder of it, the cases made of it, figures, outcomes."""

from amiss.evaluation.blame import EXPLANATIONS
from amiss.evaluation.cases import GROUPS, PROTOCOLS, Case, cases_of
from amiss.evaluation.judge import Scored, evaluate, figures_of, outcome_of, scored_by_amiss
from amiss.evaluation.labelled import Labelled, find_labelled, read_labelled
from amiss.evaluation.outcomes import (
    RANKING,
    VERDICTS,
    Evaluation,
    Mean,
    Outcome,
    figure_words,
    main_figure,
    means_of,
    tables,
)

__all__ = [
    "Case",
    "EXPLANATIONS",
    "Evaluation",
    "GROUPS",
    "Labelled",
    "Mean",
    "Outcome",
    "PROTOCOLS",
    "RANKING",
    "Scored",
    "VERDICTS",
    "cases_of",
    "evaluate",
    "figure_words",
    "figures_of",
    "find_labelled",
    "main_figure",
    "means_of",
    "outcome_of",
    "read_labelled",
    "scored_by_amiss",
    "tables",
]
