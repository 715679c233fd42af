"""Small real data sets that ship with amiss: a table, a series and a list of strings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amiss.errors import ParameterError

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Dataset:
    """One shipped data set.

    Attributes
    ----------
    name : str
    path : Path
        The file.
    kind : str
        "table", "series" or "strings".
    title : str
        What it holds, in one line.
    source : str
        Who published it and where it was taken from.
    licence : str
    """

    name: str
    path: Path
    kind: str
    title: str
    source: str
    licence: str


_DATASETS = {
    entry.name: entry
    for entry in (
        Dataset(
            "airports",
            _FOLDER / "airports.csv",
            "table",
            "944 European airports with an IATA code: codes, names, places, elevation in feet, time zone",
            "Package airportsdata 20260905 by Mike Borsetti; rows with an IATA code in 41 European countries",
            "MIT, see LICENSE-airports.txt",
        ),
        Dataset(
            "el_nino",
            _FOLDER / "el_nino.csv",
            "series",
            "Sea surface temperature of the eastern Pacific (0-10 S, 90-80 W), monthly, 1950 to 2010, in °C",
            "NOAA National Weather Service, ERSST.V3B, region Nino 1+2; as carried by package statsmodels 0.15.0",
            "public domain",
        ),
        Dataset(
            "icao_codes",
            _FOLDER / "icao_codes.txt",
            "strings",
            "1,506 ICAO codes of airports in Asia, as they stand in a list that is kept by hand",
            "Package airportsdata 20260905 by Mike Borsetti; airports with an IATA code and a time zone in Asia",
            "MIT, see LICENSE-airports.txt",
        ),
    )
}


def names() -> list[str]:
    """Return the names of the data sets.

    Examples
    --------
    >>> names()
    ['airports', 'el_nino', 'icao_codes']
    """
    return list(_DATASETS)


def describe(name: str) -> Dataset:
    """Return path, kind, source and licence of a data set.

    Raises
    ------
    ParameterError
        No data set has that name.

    Examples
    --------
    >>> describe("icao_codes").kind
    'strings'
    """
    if name not in _DATASETS:
        raise ParameterError(f"Data set {name!r} is not known. Known: {', '.join(_DATASETS)}.")
    return _DATASETS[name]
