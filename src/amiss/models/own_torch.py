"""A torch module of the user's: trained, asked, and kept by its state."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np

from amiss.batch import AnyArray
from amiss.errors import ModelFileError, ParameterError, in_one_line
from amiss.models.own_network import OwnNetwork, given_history
from amiss.networks.rows import Float32Array, Rows
from amiss.part import MAY_BE_INFINITE
from amiss.training import Schedule, train


@dataclass(eq=False, repr=False)
class OwnTorch(OwnNetwork):
    """A torch module of yours.

    A copy of it is trained as every network here is (one-cycle rate, early stopping, the best weights kept) on squared
    or Huber's errors, and is there afterwards as ``network_``, on the processor and in evaluation mode. `OwnNetwork`
    says which arrays it sees.

    Parameters
    ----------
    network : torch.nn.Module
    epochs : int, optional
        0: it was trained already. The other parameters are those of `Autoencoder`.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from amiss import TableDetector
    >>> rows = np.random.default_rng(0).normal(size=(300, 1)) @ np.ones((1, 4))
    >>> rows[17, 2] = -rows[17, 2] + 3
    >>> _ = torch.manual_seed(0)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Linear(1, 4))
    >>> detector = TableDetector(models=OwnTorch(module, epochs=50), random_state=0)
    >>> [anomaly.label for anomaly in detector.fit_detect(rows)]
    ['row 17']
    """

    library: ClassVar[str] = "torch module"

    state_: Annotated[dict[str, AnyArray], MAY_BE_INFINITE] = field(
        init=False
    )  # in a file, and until it is received

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        from amiss.networks.module_trainee import ModuleTrainee
        from amiss.networks.torch_trainee import threads_for

        self.network_ = self._copied(self.network)
        if schedule.epochs == 0 or not any(one.requires_grad for one in self.network_.parameters()):
            self.history_ = given_history()
        else:
            trainee = ModuleTrainee(
                self.network_,
                rows,
                self._ask,
                random_state,
                noise=self.noise,
                trim=trim,
                huber=self.loss == "huber",
                steps=schedule.all_steps(len(rows)),
                device=self.device_found(),
            )
            with threads_for(sum(one.numel() for one in self.network_.parameters())):
                self.history_ = train(trainee, len(rows), schedule, random_state)
            trainee.put_back()
        self.network_.cpu().eval()

    def _copied(self, module: Any) -> Any:
        try:
            return copy.deepcopy(module)
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            raise ParameterError(
                f"The torch module {self.called} cannot be copied, and what you give is not changed: {error}. Give "
                "one that copy.deepcopy takes."
            ) from error

    def _ask(self, module: Any, values: Any) -> Any:
        """Return what a module answers to a tensor of shape (rows, positions, width), in that shape."""
        numbers = next((one for one in module.parameters() if one.is_floating_point()), values)
        rows = len(values)
        try:
            answer = module(values.reshape(self.shape_of(rows)).to(numbers.dtype))
        except Exception as error:  # whatever a module of yours raises
            raise self.refused(error, rows) from error
        return self.arranged(answer, rows).reshape(values.shape)

    def answer(self, values: Float32Array) -> AnyArray:
        import torch

        with torch.no_grad():
            answer = self._ask(self.network_, torch.from_numpy(values))
        return np.asarray(answer.float().numpy())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(one.shape) for name, one in self.network_.named_parameters()}

    # ------------------------------------------------------------- in a file
    def state(self) -> dict[str, Any]:
        kept = super().state()
        if "network_" in vars(self):
            from amiss.networks.module_trainee import state_of

            try:
                kept["state_"] = state_of(self.network_)
            except (TypeError, RuntimeError, AttributeError) as error:
                raise ModelFileError(
                    f"The state of the torch module {self.called} cannot be saved: {error}. Use float32 weights, and "
                    "tensors alone in its state."
                ) from error
        return kept

    def receive(self, given: Any) -> None:
        from amiss.networks.module_trainee import as_before

        module = self._copied(given)
        try:
            as_before(module, vars(self)["state_"])
        except (RuntimeError, KeyError, AttributeError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"The network given, a {type(given).__name__}, does not take the weights of the torch module "
                f"{self.called} that was saved: {in_one_line(error)}."
            ) from error
        vars(self).pop("state_", None)
        self.network, self.network_ = given, module.eval()
