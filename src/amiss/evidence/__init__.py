"""The shelf of evidence: the ways to see that a cell is wrong."""

from amiss.evidence.base import Cells, Evidence, Reason
from amiss.evidence.broken_containment import BrokenContainment
from amiss.evidence.broken_dependency import BrokenDependency
from amiss.evidence.likely_typo import LikelyTypo
from amiss.evidence.odd_characters import OddCharacters
from amiss.evidence.odd_format import OddFormat
from amiss.evidence.odd_number import OddNumber
from amiss.evidence.rare_value import RareValue
from amiss.evidence.repeated_value import RepeatedValue
from amiss.evidence.unread import Unread

__all__ = [
    "BrokenContainment",
    "BrokenDependency",
    "Cells",
    "Evidence",
    "LikelyTypo",
    "OddCharacters",
    "OddFormat",
    "OddNumber",
    "RareValue",
    "Reason",
    "RepeatedValue",
    "Unread",
]
