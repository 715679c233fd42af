"""Import PyTorch and nothing else: what a program that scores with it pays first."""

import torch  # noqa: F401
