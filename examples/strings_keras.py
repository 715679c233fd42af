"""The Keras tutorial on strings of unknown format, done right: all five anomalies, and which character it is.

    python examples/strings_keras.py

25,000 strings follow a format that nobody told: four letters of A to F, a digit of 0 to 2, three letters of
LMOPQWXZ. Five do not. The tutorial reads a letter as a magnitude, so that B is near C and far from Z; flags as many
as a quantile fixed beforehand says; and finds three of its own five. Here every character is a category of its own,
the line is drawn by the scores, and the answer names the character and what was expected there. The network is the
tutorial's own kind, dense and in Keras, on one-hot characters; then `models="cloze"`, which sees both sides of
every character, and needs no Keras.
"""

import time

import keras
import numpy as np

import amiss
from amiss.models.own_keras import OwnKeras

ANOMALIES = ["XYDC2DCA", "TXSX1ABC", "RNIU4XRE", "AABDXUEI", "SDRAC5RF"]
AMINO_ACIDS = [
    "ALA",
    "ARG",
    "ASN",
    "ASP",
    "CYS",
    "GLN",
    "GLU",
    "GLY",
    "HIS",
    "ILE",
    "LEU",
    "LYS",
    "MET",
    "PHE",
    "PRO",
    "SER",
    "THR",
    "TRP",
    "TYR",
    "VAL",
]


def strings(count: int = 25_000, seed: int = 0) -> list[str]:
    """Return strings of the format, the five anomalies spread among them."""
    draw = np.random.default_rng(seed)
    places = ["ABCDEF"] * 4 + ["012"] + ["LMOPQWXZ"] * 3
    columns = [draw.choice(list(letters), size=count) for letters in places]
    listed = ["".join(letters) for letters in zip(*columns, strict=True)]
    for i, odd in enumerate(ANOMALIES):
        listed.insert((i + 1) * count // 6, odd)
    return listed


def triplets(count: int = 5_000, seed: int = 0) -> list[str]:
    """Return triplets of amino acids such as PHE-SER-CYS; in two of them something is wrong."""
    draw = np.random.default_rng(seed)
    listed = ["-".join(three) for three in draw.choice(AMINO_ACIDS, size=(count, 3))]
    listed[1_000], listed[3_000] = "PHE-SER-CYX", "GLN_ARG-SER"
    return listed


def serial_numbers(count: int = 5_000, seed: int = 0) -> list[str]:
    """Return serial numbers such as AB1217E; in two of them something is wrong."""
    draw = np.random.default_rng(seed)
    listed = [
        f"{draw.choice(['AB', 'DN', 'KT'])}{draw.integers(10_000):04d}{draw.choice(list('EFX'))}"
        for _ in range(count)
    ]
    listed[700], listed[4_200] = "AB12O7E", "DN3319"
    return listed


def user_ids(count: int = 5_000, seed: int = 0) -> list[str]:
    """Return user ids of eight hexadecimal digits in two groups; in two of them something is wrong."""
    draw = np.random.default_rng(seed)
    listed = [f"u-{a:04x}-{b:04x}" for a, b in draw.integers(16**4, size=(count, 2))]
    listed[123], listed[2_345] = "u-9f3g-11d0", "U-77aa-0c0c"
    return listed


def dense_network(length: int, symbols: int) -> keras.Model:
    """Return a dense autoencoder on one-hot characters, of shape (rows, length, symbols)."""
    return keras.Sequential(
        [
            keras.layers.Input((length, symbols)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(length * symbols),
            keras.layers.Reshape((length, symbols)),
            keras.layers.Softmax(),
        ]
    )


def judged(name: str, detector: amiss.StringDetector, listed: list[str], odd: list[str]) -> None:
    """Fit, and print how many of the odd ones were found, and how many others."""
    began = time.perf_counter()
    detection = detector.fit_detect(listed)
    seconds = time.perf_counter() - began
    found = {anomaly.label.strip('"') for anomaly in detection}
    print(
        f"{name}: {len(found & set(odd))} of {len(odd)} found, {len(found - set(odd))} others, {seconds:.1f} s"
    )
    for anomaly in detection.anomalies[: len(odd)]:
        print(f"  {anomaly.label}: {anomaly.causes[0]}")


def main() -> None:
    """Run the tutorial's list with a Keras network and with cloze, then three lists more."""
    listed = strings()
    keras.utils.set_random_seed(0)
    shape = amiss.network_shape(amiss.StringDetector(), listed)
    theirs = OwnKeras(dense_network(*shape), epochs=30, batch_size=256)
    judged("a dense network in Keras", amiss.StringDetector(models=theirs, random_state=0), listed, ANOMALIES)
    judged("cloze", amiss.StringDetector(models="cloze", random_state=0), listed, ANOMALIES)
    judged("the defaults", amiss.StringDetector(random_state=0), listed, ANOMALIES)
    others = {
        "amino-acid triplets": (triplets(), ["PHE-SER-CYX", "GLN_ARG-SER"]),
        "serial numbers": (serial_numbers(), ["AB12O7E", "DN3319"]),
        "user ids": (user_ids(), ["u-9f3g-11d0", "U-77aa-0c0c"]),
    }
    for name, (values, odd) in others.items():
        judged(name, amiss.StringDetector(models="cloze", random_state=0), values, odd)


if __name__ == "__main__":
    main()
