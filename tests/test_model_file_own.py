"""Networks of the user's own in model files: by their weights, by Keras' archive beside, or to be given again."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import amiss
from amiss import TableDetector, atomic
from amiss.errors import AmissError, ModelFileError
from amiss.models import OwnKeras, OwnTorch
from amiss.networks.keras_archive import import_keras, pack, unpack
from model_files import put_together, taken_apart
from own_networks import Narrow, keras_model, table

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def by_torch(tmp_path_factory: pytest.TempPathFactory) -> tuple[TableDetector, Path]:
    """A detector with a torch module, and its file."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("torch") / "rows.amiss"
    detector = TableDetector(models=["memory", OwnTorch(Narrow(), epochs=3)], random_state=0).fit(table())
    amiss.save(detector, place)
    return detector, place


@pytest.fixture(scope="module")
def by_keras(tmp_path_factory: pytest.TempPathFactory) -> tuple[TableDetector, Path]:
    """A detector with a Keras model, and its file."""
    place = tmp_path_factory.mktemp("keras") / "rows.amiss"
    detector = TableDetector(models=OwnKeras(keras_model("functional"), epochs=2), random_state=0).fit(
        table()
    )
    amiss.save(detector, place)
    return detector, place


def archive_of(place: Path) -> Path:
    """Return the one Keras archive beside a model file."""
    [found] = place.parent.glob(f"{place.name}.*.keras")
    return found


def moved(place: Path, folder: Path) -> Path:
    """Copy a model file and its archive to another folder."""
    for one in place.parent.glob(f"{place.name}*"):
        (folder / one.name).write_bytes(one.read_bytes())
    return folder / place.name


# ------------------------------------------------------------- torch
@pytest.mark.parametrize("given", [Narrow, Narrow(), ["memory", Narrow()], OwnTorch(Narrow())])
def test_a_torch_module_comes_back_by_its_class(by_torch: tuple[TableDetector, Path], given: Any) -> None:
    """A class, an object or the list as it was given: the very scores, batch statistics included."""
    detector, place = by_torch
    loaded = amiss.load(place, models=given)
    assert (loaded.score_samples(table()) == detector.score_samples(table())).all()
    assert loaded.history_ == detector.history_
    asked = loaded.get_params()["models"]
    assert asked[0] == "memory"
    assert isinstance(asked[1].network, Narrow)
    assert (loaded.fit(table()).scores_ > 0).all()


def test_the_module_given_again_is_not_changed(by_torch: tuple[TableDetector, Path]) -> None:
    """The weights go into a copy."""
    module = Narrow()
    before = module.down.weight.clone()
    amiss.load(by_torch[1], models=module)
    assert torch.equal(module.down.weight, before)


def test_a_loaded_detector_is_saved_alike(by_torch: tuple[TableDetector, Path], tmp_path: Path) -> None:
    """Loading and saving changes no byte."""
    amiss.save(amiss.load(by_torch[1], models=Narrow), tmp_path / "again.amiss")
    assert (tmp_path / "again.amiss").read_bytes() == by_torch[1].read_bytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            None,
            r"network of your own, the torch module Narrow\. .* give the network again, load\(path, models=",
        ),
        ("memory", "network of your own, the torch module Narrow"),
        ([Narrow, Narrow], r"holds 1 network of your own \(Narrow\), and 2 were given"),
        (
            torch.nn.Linear(8, 8),
            "a Linear, does not take the weights of the torch module Narrow.*Missing key",
        ),
        (Narrow(7), "a Narrow, does not take the weights.*size mismatch"),
        (lambda batch: batch, "torch module Narrow is needed, and the function lambda was"),
    ],
)
def test_the_wrong_module_is_told(by_torch: tuple[TableDetector, Path], given: Any, message: str) -> None:
    """One sentence says which class is needed and how to give it."""
    with pytest.raises(ModelFileError, match=message):
        amiss.load(by_torch[1], models=given)


def test_a_file_names_no_code(by_torch: tuple[TableDetector, Path]) -> None:
    """The class stands in the file to be told, without a path to it."""
    header = json.dumps(taken_apart(by_torch[1])[0])
    assert '"called": "Narrow"' in header
    assert "own_networks" not in header


def test_what_a_torch_file_holds_must_fit(by_torch: tuple[TableDetector, Path], tmp_path: Path) -> None:
    """Weights that are no numbers, or of the wrong shape, are refused."""
    header, arrays = taken_apart(by_torch[1])
    committee = header["detector"]["state"]["committee_"]["state"]["models"]
    keys, places = committee[1]["state"]["network"]["state"]["state_"]["dict"]
    place = places[keys.index("down.weight")]["array"]
    for wrong, message in (
        (np.full_like(arrays[place], np.nan), "do not fit together .*NaN"),
        (arrays[place][:2], "size mismatch"),
    ):
        put_together(tmp_path / "x.amiss", header, {**arrays, place: wrong})
        with pytest.raises(ModelFileError, match=message):
            amiss.load(tmp_path / "x.amiss", models=Narrow)
    committee[1]["state"]["network"]["state"]["network"] = "os:system"
    put_together(tmp_path / "x.amiss", header, arrays)
    assert amiss.load(tmp_path / "x.amiss", models=Narrow).predict(table()[:3]).shape == (3,)


def test_a_lie_in_a_file_with_a_network_is_refused_or_does_no_harm(
    by_torch: tuple[TableDetector, Path], tmp_path: Path
) -> None:
    """One value or array of the network's part is another: our error, or finite scores."""
    header, arrays = taken_apart(by_torch[1])
    random = np.random.default_rng(0)
    for _ in range(60):
        lied, others = copy.deepcopy(header), dict(arrays)
        state = lied["detector"]["state"]["committee_"]["state"]["models"][1]["state"]["network"]["state"]
        if random.random() < 0.5:
            key = random.choice([key for key, node in state.items() if not isinstance(node, dict)])
            state[key] = [None, True, -1, 0, 10**9, 2**70, 1e308, "", []][random.integers(9)]
        else:
            name = random.choice(sorted(arrays))
            one = arrays[name]
            lies = [one[:-1], one[:0], one[::-1], one * 0, one * 0 + 1] if one.ndim else [one * 0]
            others[name] = np.ascontiguousarray(lies[random.integers(len(lies))])
        put_together(tmp_path / "x.amiss", lied, others)
        with np.errstate(all="ignore"):
            try:
                loaded = amiss.load(tmp_path / "x.amiss", models=Narrow)
            except ModelFileError:
                continue
            assert np.isfinite(loaded.score_samples(loaded._probe())).all()


# ------------------------------------------------------------- functions
def test_a_function_is_given_again(tmp_path: Path) -> None:
    """Nothing of it is saved."""
    detector = TableDetector(models=halved).fit(table())
    amiss.save(detector, tmp_path / "f.amiss")
    with pytest.raises(ModelFileError, match="the function halved"):
        amiss.load(tmp_path / "f.amiss")
    with pytest.raises(
        ModelFileError, match="function halved is needed, and the torch module Linear was given"
    ):
        amiss.load(tmp_path / "f.amiss", models=torch.nn.Linear(8, 8))
    loaded = amiss.load(tmp_path / "f.amiss", models=halved)
    assert (loaded.score_samples(table()) == detector.score_samples(table())).all()


def halved(batch: Any) -> Any:
    """Return half of it."""
    return batch * 0.5


# ------------------------------------------------------------- Keras, beside the file
def test_a_keras_model_comes_back_by_itself(by_keras: tuple[TableDetector, Path], tmp_path: Path) -> None:
    """Both files moved together; the archive is one that Keras itself reads."""
    detector, place = by_keras
    loaded = amiss.load(moved(place, tmp_path))
    assert (loaded.score_samples(table()) == detector.score_samples(table())).all()
    keras = import_keras()
    theirs = keras.saving.load_model(archive_of(place))
    assert [one.shape for one in theirs.get_weights()] == [
        one.shape for one in keras_model("functional").get_weights()
    ]


def test_code_of_ones_own_never_lies_in_an_archive(tmp_path: Path) -> None:
    """A Lambda layer is not archived: the weights are saved, and the model is to be given again."""
    model = keras_model("lambda")
    detector = TableDetector(models=OwnKeras(model, epochs=1), random_state=0).fit(table())
    amiss.save(detector, tmp_path / "x.amiss")
    assert [one.name for one in tmp_path.iterdir()] == ["x.amiss"]
    with pytest.raises(ModelFileError, match="the Keras model Functional"):
        amiss.load(tmp_path / "x.amiss")
    with pytest.raises(ModelFileError, match="does not take the weights of the Keras model"):
        amiss.load(tmp_path / "x.amiss", models=keras_model("plain"))
    loaded = amiss.load(tmp_path / "x.amiss", models=model)
    assert (loaded.score_samples(table()) == detector.score_samples(table())).all()


def test_old_archives_go_and_failures_leave_nothing(
    by_keras: tuple[TableDetector, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each save there is one archive; where the model file cannot be written, the old pair stays."""
    detector, place = by_keras[0], tmp_path / "x.amiss"
    amiss.save(detector, place)
    first = archive_of(place)
    (tmp_path / "x.amiss.mine.keras").write_bytes(b"not ours")
    amiss.save(detector, place)
    assert not first.exists()
    assert (tmp_path / "x.amiss.mine.keras").read_bytes() == b"not ours"
    (tmp_path / "x.amiss.mine.keras").unlink()
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    write = atomic.write

    def failing(path: Any, chunks: Any) -> None:
        if str(path).endswith(".amiss"):
            raise OSError(28, "No space left on device")
        write(path, chunks)

    monkeypatch.setattr(atomic, "write", failing)
    with pytest.raises(ModelFileError, match="No space left"):
        amiss.save(detector, place)
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before
    amiss.load(place)


def test_a_detector_without_keras_takes_the_archive_away(
    by_keras: tuple[TableDetector, Path], tmp_path: Path
) -> None:
    """Saved over one with an archive, it leaves none behind."""
    place = moved(by_keras[1], tmp_path)
    amiss.save(TableDetector(models="memory").fit(table()), place)
    assert [one.name for one in tmp_path.iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda place: place.unlink(),
            "lies beside it in 'rows.amiss.*keras', which cannot be read: No such file",
        ),
        (lambda place: place.write_bytes(place.read_bytes()[:-100]), "checksum is wrong"),
        (
            lambda place: place.write_bytes(place.read_bytes().replace(b"Dense", b"Dance")),
            "checksum is wrong",
        ),
        (lambda place: place.write_bytes(b""), "checksum is wrong: it is damaged, or belongs to another"),
    ],
)
def test_a_lost_or_damaged_archive_is_refused(
    by_keras: tuple[TableDetector, Path], tmp_path: Path, change: Callable[[Path], Any], message: str
) -> None:
    """The reason is told."""
    place = moved(by_keras[1], tmp_path)
    change(archive_of(place))
    with pytest.raises(ModelFileError, match=message):
        amiss.load(place)


def test_archives_are_not_swapped_and_not_too_large(
    by_keras: tuple[TableDetector, Path], tmp_path: Path
) -> None:
    """That of another detector is refused; so is a token that is a path, and one that is larger than allowed."""
    place = moved(by_keras[1], tmp_path)
    other = TableDetector(models=OwnKeras(keras_model("functional"), epochs=0)).fit(table())
    amiss.save(other, tmp_path / "other.amiss")
    archive_of(place).write_bytes(archive_of(tmp_path / "other.amiss").read_bytes())
    with pytest.raises(ModelFileError, match="checksum is wrong"):
        amiss.load(place)
    with pytest.raises(ModelFileError, match="bytes; at most"):
        amiss.load(place, max_bytes=place.stat().st_size)
    header, arrays = taken_apart(place)
    network = header["detector"]["state"]["committee_"]["state"]["models"][0]["state"]["network"]
    network["state"]["archive_"] = "../../etc-" + "0" * 64
    put_together(place, header, arrays)
    with pytest.raises(ModelFileError, match="in a way that is not legal"):
        amiss.load(place)


# ------------------------------------------------------------- hostile archives
@pytest.fixture(scope="module")
def members(by_keras: tuple[TableDetector, Path]) -> Members:
    """The members of a good archive."""
    with zipfile.ZipFile(archive_of(by_keras[1])) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(members: Members, how: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive of some members."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return written.getvalue()


def with_layer(members: Members, **changes: Any) -> bytes:
    """Return an archive whose second layer is changed."""
    config = json.loads(members["config.json"])
    config["config"]["layers"][1].update(changes)
    return zipped({**members, "config.json": json.dumps(config).encode()})


def with_config(members: Members, **changes: Any) -> bytes:
    """Return an archive whose second layer has other parameters."""
    inner = json.loads(members["config.json"])["config"]["layers"][1]["config"]
    return with_layer(members, config={**inner, **changes})


def weights(fill: Callable[[Any], Any]) -> bytes:
    """Return an HDF5 file."""
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        fill(file)
    return written.getvalue()


LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
HOSTILE: dict[str, tuple[Callable[[Members], bytes], str]] = {
    "no zip": (lambda m: b"PK\x03\x04" + bytes(100), "archive is damaged"),
    "truncated": (lambda m: zipped(m)[:-30], "archive is damaged"),
    "a member too many": (
        lambda m: zipped({**m, "assets/x.txt": b"x"}),
        "holds .*assets/x.txt.*nothing else",
    ),
    "a path": (lambda m: zipped({**m, "../../evil.py": b"x"}), r"holds .*\.\./\.\./evil\.py"),
    "a member missing": (lambda m: zipped({k: m[k] for k in list(m)[:2]}), "nothing else"),
    "a member twice": (lambda m: _twice(m), "nothing else"),
    "a zip bomb": (
        lambda m: zipped({**m, "model.weights.h5": bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
        "is compressed, to .* bytes of .*; Keras compresses nothing",
    ),
    "a long text": (
        lambda m: zipped({**m, "metadata.json": bytes(2**24 + 1)}),
        "at most 16,777,216 are legal",
    ),
    "no JSON": (lambda m: zipped({**m, "config.json": b"{"}), "config.json .* is not legal"),
    "deep JSON": (lambda m: zipped({**m, "config.json": b"[" * 900_000}), "not legal"),
    "many values": (
        lambda m: zipped({**m, "config.json": b"[" + b"0," * 1_000_001 + b"0]"}),
        "more than 1,000,000",
    ),
    "Lambda": (
        lambda m: with_layer(m, class_name="Lambda", config={"function": LAMBDA}),
        "'Lambda' of 'keras.layers'",
    ),
    "a lambda as activation": (lambda m: with_config(m, activation=LAMBDA), "names '__lambda__'"),
    "another module": (lambda m: with_layer(m, module="os", class_name="system"), "'system' of 'os'"),
    "a module beside": (
        lambda m: with_layer(m, module="own_networks", class_name="Narrow"),
        "'Narrow' of 'own_net",
    ),
    "a registered name": (lambda m: with_layer(m, registered_name="evil>Dense"), "'evil>Dense'"),
    "get_file": (
        lambda m: with_layer(m, module="keras.utils", class_name="get_file"),
        "'get_file' of 'keras.utils'",
    ),
    "a function of Keras": (
        lambda m: with_layer(m, module="keras.saving", class_name="function", config="load_model"),
        "the function 'load_model'",
    ),
    "deserialize": (
        lambda m: with_config(
            m, activation={"module": "builtins", "class_name": "function", "config": "deserialize"}
        ),
        "the function 'deserialize'",
    ),
    "TFSMLayer": (
        lambda m: with_layer(m, class_name="TFSMLayer", config={"filepath": "/tmp"}),
        "'TFSMLayer'",
    ),
    "TorchModuleWrapper": (lambda m: with_layer(m, class_name="TorchModuleWrapper"), "'TorchModuleWrapper'"),
    "a vocabulary": (
        lambda m: with_layer(m, class_name="StringLookup", config={"vocabulary": "/etc/passwd"}),
        "'StringLookup'",
    ),
    "a loader": (lambda m: with_layer(m, module="keras.models", class_name="load_model"), "'load_model'"),
    "no module": (lambda m: with_layer(m, module=None), "names 'Dense'"),
    "compiled": (lambda m: with_layer(m, compile_config={"loss": LAMBDA}), "how to compile"),
    "gigantic": (
        lambda m: with_config(m, units=10**9),
        "units is 1000000000 .* not legal with so few weights",
    ),
    "of the wrong type": (lambda m: with_config(m, units="three"), "Keras cannot load"),
    "weights are none": (lambda m: zipped({**m, "model.weights.h5": b"x"}), "model.weights.h5 .* damaged"),
    "weights elsewhere": (
        lambda m: zipped({**m, "model.weights.h5": weights(_external)}),
        "lie elsewhere: a link",
    ),
    "weights in another file": (
        lambda m: zipped({**m, "model.weights.h5": weights(_stored_outside)}),
        "not plain numbers in one piece",
    ),
    "weights that grow": (lambda m: zipped({**m, "model.weights.h5": weights(_grows)}), "not plain numbers"),
    "weights that are texts": (
        lambda m: zipped({**m, "model.weights.h5": weights(_texts)}),
        "not plain numbers",
    ),
    "weights of another": (
        lambda m: zipped({**m, "model.weights.h5": weights(lambda f: None)}),
        "Keras cannot load",
    ),
}


def _twice(members: Members) -> bytes:
    written = io.BytesIO(zipped(members))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(written, "a") as opened:
        opened.writestr("config.json", members["config.json"])
    return written.getvalue()


def _external(file: Any) -> None:
    file["layers"] = h5py.ExternalLink("/etc/passwd", "/")


def _stored_outside(file: Any) -> None:
    file.create_dataset("vars", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def _grows(file: Any) -> None:
    file.create_dataset("vars", (2**30,), "f4", chunks=(2**20,), compression="gzip")


def _texts(file: Any) -> None:
    file["vars"] = np.asarray([b"one"])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused(members: Members, name: str) -> None:
    """With the reason, before Keras makes anything of it."""
    make, message = HOSTILE[name]
    with pytest.raises(ModelFileError, match=message):
        unpack(make(members))


def test_a_hostile_archive_with_the_right_checksum_is_refused(
    by_keras: tuple[TableDetector, Path], members: Members, tmp_path: Path
) -> None:
    """Whoever writes both files gets no further: the archive is checked by itself."""
    place = moved(by_keras[1], tmp_path)
    content = HOSTILE["Lambda"][0](members)
    archive = archive_of(place)
    archive.write_bytes(content)
    header, arrays = taken_apart(place)
    network = header["detector"]["state"]["committee_"]["state"]["models"][0]["state"]["network"]
    token = archive.name.split(".")[-2]
    network["state"]["archive_"] = f"{token}-{hashlib.sha256(content).hexdigest()}"
    put_together(place, header, arrays)
    with pytest.raises(ModelFileError, match=r"Its Keras model, 'rows\.amiss.*Lambda"):
        amiss.load(place)


def test_flipped_bytes_never_pass(members: Members) -> None:
    """Random damage either is refused or leaves the network as it was."""
    good, random = zipped(members), np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(good)
        for at in random.integers(0, len(data), 3):
            data[at] ^= 1 << int(random.integers(8))
        try:
            unpack(bytes(data))
        except AmissError:
            continue


def test_the_archive_of_a_network_is_always_the_same() -> None:
    """No day and no compilation stand in it."""
    model = keras_model("functional")
    model.compile("adam", "mse")
    assert pack(model) == pack(model)
    assert not unpack(pack(model)).compiled


# ------------------------------------------------------------- the command line
NETS = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.Linear(3, 8))
    def forward(self, x):
        return self.layers(x)
def made():
    import keras
    from amiss.models import OwnKeras
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3), keras.layers.Dense(8)])
    return OwnKeras(model, epochs=30, learning_rate=0.02)
half = lambda batch: batch * 0.5
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data and a module of one's own."""
    (tmp_path / "my_nets.py").write_text(NETS)
    lines = [",".join(f"{value:.4f}" for value in row) for row in table(120)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,e,f,g,h", *lines]))
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, "-m", "amiss", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def test_a_torch_module_goes_through_the_command_line(folder: Path) -> None:
    """fit --network, then detect -m with the same --network; without it the sentence."""
    assert run(folder, "fit", "rows.csv", "--network", "my_nets:Net", "-o", "t.amiss").returncode == 0
    done = run(folder, "detect", "rows.csv", "-m", "t.amiss", "--network", "my_nets:Net", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["anomalies"][0]["place"] == 17
    told = run(folder, "info", "t.amiss", "--network", "my_nets:Net")
    assert "network Net (torch module)" in told.stdout, told.stderr
    refused = run(folder, "detect", "rows.csv", "-m", "t.amiss", "--json")
    assert refused.returncode == 2
    assert "the torch module Net. A model file holds no code: give the network again" in refused.stderr


def test_a_keras_model_goes_through_the_command_line(folder: Path) -> None:
    """fit --network; detect -m needs nothing more."""
    made = run(folder, "fit", "rows.csv", "--network", "my_nets:made", "-o", "k.amiss")
    assert made.returncode == 0, made.stderr
    (folder / "my_nets.py").unlink()
    done = run(folder, "detect", "rows.csv", "-m", "k.amiss", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["anomalies"][0]["place"] == 17


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("my_nets", "'my_nets' names no network. Legal: module:name"),
        ("my_nets:Net()", "names no network"),
        ("../my_nets:Net", "names no network"),
        ("other_nets:Net", "cannot be had: No module named 'other_nets'"),
        ("my_nets:Nets", "cannot be had: module 'my_nets' has no attribute 'Nets'"),
        ("my_nets:number", "'my_nets:number' is of the type int. Legal: a torch module"),
    ],
)
def test_a_wrong_name_is_told(folder: Path, named: str, message: str) -> None:
    """In one sentence, without a traceback."""
    done = run(folder, "detect", "rows.csv", "--network", named, "--no-report")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
