"""Adapter: what brings one kind of data to an autoencoder and its answers back."""

from __future__ import annotations

from typing import Any

from amiss.models.autoencoder import Autoencoder
from amiss.models.base import AnyModel


class Adapter(AnyModel):
    """A model that is an autoencoder on one kind of data.

    Parameters
    ----------
    network : Autoencoder
        Not fitted yet.
    clean : bool
        True where the training items hold no anomalies.
    """

    network: Autoencoder
    clean: bool

    def __init__(self, network: Autoencoder, clean: bool = False) -> None:
        self.network = network
        self.clean = clean

    def spec(self) -> str:
        """Return the text that asks for the network."""
        return self.network.spec()

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of the network."""
        return self.network.networks()
