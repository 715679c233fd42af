"""A Keras model of the user's: trained by its own fit, asked, and kept in Keras' own archive beside the model file."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np

from amiss.batch import AnyArray
from amiss.errors import AmissError, ModelFileError, in_one_line
from amiss.models.keras_fit import copied, drawing_from, fitted
from amiss.models.own_network import GivenAgain, OwnNetwork, given_history
from amiss.networks.keras_archive import import_keras, pack, unpack, weights_of
from amiss.networks.rows import Float32Array, Rows
from amiss.part import MAY_BE_INFINITE
from amiss.training import Schedule


@dataclass(eq=False, repr=False)
class OwnKeras(OwnNetwork):
    """A Keras model of yours, on TensorFlow, JAX or PyTorch.

    A copy of it is trained by Keras' own ``fit``, compiled as yours is; where it is not, with Adam and squared errors.
    The weights that rebuild held-out rows best are kept. The copy is there afterwards as ``network_``. `OwnNetwork`
    says which arrays it sees; a missing value is shown and wanted as 0.

    A model of Keras' own layers is saved in Keras' own archive beside the model file and comes back by itself. One with
    code of yours in it is saved by its weights, and is to be given again at `load`.

    Parameters
    ----------
    network : keras.Model
    epochs : int, optional
        0: it was trained already. The other parameters are those of `Autoencoder`.
    learning_rate : float
        Of a model that is not compiled.
    """

    library: ClassVar[str] = "Keras model"
    legal: ClassVar[dict[str, tuple[float, float]]] = {**OwnNetwork.legal, "noise": (0, 0), "trim": (0, 0)}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {
        **OwnNetwork.choices,
        "device": ("auto",),
        "loss": ("squared",),
    }

    learning_rate: float = field(default=1e-3, kw_only=True)
    patience: int = field(default=10, kw_only=True)

    archive_: str = field(
        init=False
    )  # "token-checksum" of the archive beside the file; "": the weights are in the file
    state_: Annotated[list[AnyArray], MAY_BE_INFINITE] = field(init=False)

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        seed = int(random_state.integers(2**31))
        with drawing_from(seed):
            self.network_ = copied(self.network) if schedule.epochs or self.network.built else self.network
            few = rows.take(np.arange(min(2, len(rows))))[0]
            answered = self._call(few.reshape(self.shape_of(len(few))))  # builds what is not built
        self.arranged(answered, len(few))
        if schedule.epochs == 0 or not self.network_.trainable_weights:
            self.history_ = given_history()
            return
        order = random_state.permutation(len(rows))
        values = rows.take(order)[0]
        shown, wanted = values.reshape(self.shape_of(len(rows))), values.reshape(-1, *answered.shape[1:])
        try:
            self.history_ = fitted(self.network_, self.network, shown, wanted, schedule, seed)
        except AmissError:
            raise
        except Exception as error:  # whatever a model or a loss of yours raises
            raise self.refused(error, schedule.batch_size) from error

    def _call(self, values: Float32Array) -> Any:
        """Return what the model answers to a few rows, unchecked; it takes its shape from them where it has none."""
        keras = import_keras()
        try:
            answer = self.network_(values, training=False)
        except Exception as error:  # whatever a model of yours raises
            raise self.refused(error, len(values)) from error
        if isinstance(answer, list | tuple | dict):
            return answer
        return np.asarray(keras.ops.convert_to_numpy(answer))

    def answer(self, values: Float32Array) -> Any:
        answer = self.network_.predict_on_batch(values)
        return answer if isinstance(answer, list | tuple | dict) else np.asarray(answer)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return weights_of(self.network_)

    # ------------------------------------------------------------- in a file
    def packed(self) -> bytes | None:
        """Return Keras' archive of the network and remember its checksum; None where it holds code of yours."""
        try:
            content = pack(copied(self.network_))
        except AmissError:
            self.archive_ = ""
            return None
        self.archive_ = f"{secrets.token_hex(4)}-{hashlib.sha256(content).hexdigest()}"
        return content

    def state(self) -> dict[str, Any]:
        kept = super().state()
        if "network_" in vars(self):
            kept["archive_"] = vars(self).get("archive_", "")
            kept["state_"] = [] if kept["archive_"] else self.network_.get_weights()
        return kept

    def unpacked(self, content: bytes) -> None:
        """Take the network from its archive.

        Raises
        ------
        ModelFileError
            The archive is not the one that was saved with this detector, is damaged, or holds what is refused.
        """
        if hashlib.sha256(content).hexdigest() != self.archive_.partition("-")[2]:
            raise ModelFileError("Its checksum is wrong: it is damaged, or belongs to another model file.")
        self.network_ = unpack(content)
        vars(self).pop("state_", None)
        if isinstance(self.network, GivenAgain):
            self.network = self.network_

    def receive(self, given: Any) -> None:
        try:
            model = copied(given)
            if not model.built:
                few = np.zeros(self.shape_of(2), np.float32)
                model(few, training=False)
            model.set_weights(vars(self)["state_"])
        except Exception as error:  # whatever a class of yours raises
            raise ModelFileError(
                f"The network given, a {type(given).__name__}, does not take the weights of the Keras model "
                f"{self.called} that was saved: {in_one_line(error)}."
            ) from error
        vars(self).pop("state_", None)
        self.network, self.network_ = given, model
