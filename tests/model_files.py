"""Model files taken apart and put together as an attacker would: right sizes and checksum, any content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as arrays_of
from safetensors.numpy import save as payload_of

from amiss import model_file


def taken_apart(place: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """Return the header and the arrays of a file."""
    data = place.read_bytes()
    _, _, header, _, _ = model_file._PREFIX.unpack(data[:60])
    return json.loads(data[60 : 60 + header]), dict(arrays_of(data[60 + header :]))


def put_together(place: Path, header: Any, payload: dict[str, Any] | bytes) -> Path:
    """Write a file whose sizes and checksum are right, whatever it holds: what an attacker would do."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = payload if isinstance(payload, bytes) else payload_of(payload)
    place.write_bytes(model_file._prefix_of(text, body) + text + body)
    return place
