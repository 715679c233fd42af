"""The shelf of models."""

from amiss.models.attention import Attention
from amiss.models.autoencoder import Autoencoder
from amiss.models.base import Model, SeriesModel, StringModel
from amiss.models.check_digit import CheckDigit
from amiss.models.cloze import Cloze
from amiss.models.codebook import Codebook
from amiss.models.conv import Conv
from amiss.models.dense import Dense
from amiss.models.gaps import Gaps
from amiss.models.kernels import Kernels
from amiss.models.local import Local
from amiss.models.marginal import Marginal
from amiss.models.masked import Masked
from amiss.models.memory import Memory
from amiss.models.middle import Middle
from amiss.models.ngram import NGram
from amiss.models.other_channels import OtherChannels
from amiss.models.own_callable import OwnCallable
from amiss.models.own_keras import OwnKeras
from amiss.models.own_network import OwnNetwork
from amiss.models.own_past import OwnPast
from amiss.models.own_torch import OwnTorch
from amiss.models.rarity import Rarity
from amiss.models.recurrent import Recurrent
from amiss.models.robust import Robust
from amiss.models.season import Season
from amiss.models.shapes import Shapes
from amiss.models.span import Span
from amiss.models.subspace import Subspace
from amiss.models.typo import Typo
from amiss.models.variational import Variational

__all__ = [
    "Attention",
    "Autoencoder",
    "CheckDigit",
    "Cloze",
    "Codebook",
    "Conv",
    "Dense",
    "Gaps",
    "Kernels",
    "Local",
    "Marginal",
    "Masked",
    "Memory",
    "Middle",
    "Model",
    "NGram",
    "OtherChannels",
    "OwnCallable",
    "OwnKeras",
    "OwnNetwork",
    "OwnPast",
    "OwnTorch",
    "Rarity",
    "Recurrent",
    "Robust",
    "Season",
    "SeriesModel",
    "Shapes",
    "Span",
    "StringModel",
    "Subspace",
    "Typo",
    "Variational",
]
