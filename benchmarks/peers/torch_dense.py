"""A dense autoencoder in plain PyTorch: one training step, one pass of training, scoring.

Usage: python torch_dense.py loader|fused WIDTHS BATCH       seconds a training step; WIDTHS such as 20-14-20
       python torch_dense.py fit ROWS.npy HELD_OUT.npy       seconds a row of one pass, mean squared error on HELD_OUT
       python torch_dense.py score ROWS.npy                  seconds a row, in blocks of 4,096

`loader`: shuffling DataLoader and Adam as in the tutorials. `fused`: shuffled tensors and the fused Adam.
"""

import sys
from itertools import pairwise

import numpy as np
import torch
from clock import Clock
from torch import nn

STEPS = 2000


def network(widths: list[int]) -> nn.Sequential:
    """Return linear layers of these widths with ReLU between them."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inner, outer in pairwise(widths):
        layers += [nn.Linear(inner, outer), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, batch: torch.Tensor) -> None:
    """Take one step."""
    optimizer.zero_grad()
    nn.functional.mse_loss(model(batch), batch).backward()
    optimizer.step()


def step_with_loader(widths: list[int], size: int) -> None:
    """Time steps fed by a DataLoader."""
    rows = torch.randn(STEPS * size, widths[0])
    model = network(widths)
    optimizer = torch.optim.Adam(model.parameters())
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows), batch_size=size, shuffle=True)
    learn(model, optimizer, rows[:size])  # the first step sets things up
    with Clock() as clock:
        for (batch,) in loader:
            learn(model, optimizer, batch)
    clock.tell(STEPS)


def step_fused(widths: list[int], size: int) -> None:
    """Time steps on slices of shuffled rows."""
    rows = torch.randn(STEPS * size, widths[0])
    model = network(widths)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    learn(model, optimizer, rows[:size])
    with Clock() as clock:
        shuffled = rows[torch.randperm(len(rows))]
        for batch in shuffled.split(size):
            learn(model, optimizer, batch)
    clock.tell(STEPS)


def fit(rows: torch.Tensor, held_out: torch.Tensor) -> None:
    """Time one pass over the rows."""
    model = network([50, 64, 16, 64, 50])
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    with Clock() as clock:
        shuffled = rows[torch.randperm(len(rows))]
        for batch in shuffled.split(256):
            learn(model, optimizer, batch)
    with torch.inference_mode():
        loss = nn.functional.mse_loss(model(held_out), held_out).item()
    clock.tell(len(rows), loss=loss)


def score(rows: torch.Tensor) -> None:
    """Time the error of each row."""
    model = network([50, 64, 16, 64, 50]).eval()
    with torch.inference_mode():
        model(rows[:4096])
        with Clock() as clock:
            torch.cat([((model(block) - block) ** 2).mean(1) for block in rows.split(4096)])
    clock.tell(len(rows))


if __name__ == "__main__":
    job, *rest = sys.argv[1:]
    if job in ("loader", "fused"):
        {"loader": step_with_loader, "fused": step_fused}[job](
            [int(width) for width in rest[0].split("-")], int(rest[1])
        )
    else:
        {"fit": fit, "score": score}[job](*(torch.from_numpy(np.load(path)) for path in rest))
