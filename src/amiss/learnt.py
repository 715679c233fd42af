"""What was learnt, in plain lines: for the terminal."""

from __future__ import annotations

from typing import Any

_NAMES, _PATTERNS = 8, 5


def lines(learnt: dict[str, Any]) -> list[str]:
    """Return what a detector learnt, from `Detector.summary`, in plain lines of one fact each.

    Examples
    --------
    >>> lines({"kind": "strings", "patterns": [{"pattern": "A9", "share": 0.999}, {"pattern": "9A", "share": 0.001}]})
    ['Patterns: A9 >99%, 9A <1%.']
    >>> lines({"kind": "series", "channels": ["t"], "period": 12, "step": "1 month"})
    ['Channel: t.', 'Period: 12 points. Step: 1 month.']
    """
    kinds = {"table": _of_table, "series": _of_series, "strings": _of_strings}
    drawn = f"Learnt from {learnt['sample']}." if learnt.get("sample") else ""
    return [line for line in (drawn, *kinds[learnt["kind"]](learnt)) if line]


def details(learnt: dict[str, Any]) -> list[tuple[str, str]]:
    """Return all that a model file tells, as pairs of a name and words."""
    rule = learnt["threshold"]
    pairs = [
        ("kind", learnt["kind"]),
        ("learnt from", f"{learnt['items']:,} items, training data {learnt['training_data']}"),
        ("models", ", ".join(learnt["models"])),
        (
            "threshold",
            f"{rule['rule']} at {rule['value']:.4g}; {1000 * rule['chance']:.2g} of 1000 by chance",
        ),
        ("random state", str(learnt.get("random_state"))),
    ]
    for network in learnt.get("networks", []):
        pairs += [(f"network {network['name']}", f"{network['weights']:,} weights; {network['outcome']}")]
        pairs += [(f"  {layer['name']}", _layer(layer)) for layer in network["layers"]]
    pairs += [(f"column {c['name']}", f"{c['kind']}{_usual(c)}") for c in learnt.get("columns", [])]
    if learnt["kind"] != "table":
        pairs += [("", line) for line in lines(learnt)]
    return pairs + [("note", note) for note in learnt.get("notes", [])]


def _layer(layer: dict[str, Any]) -> str:
    return f"{' x '.join(map(str, layer['shape']))} ({layer['weights']:,} weights)"


def _usual(column: dict[str, Any]) -> str:
    usual = f": {column['normal']}" if column.get("normal") else ""
    missing = f" ({column['missing']:.1%} missing)" if column.get("missing") else ""
    return usual + missing


def _percent(share: float) -> str:
    """Return a share in whole percents, never 0 % or 100 % but where it is."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _listed(names: list[str], most: int = _NAMES) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _of_table(learnt: dict[str, Any]) -> list[str]:
    by_kind: dict[str, list[str]] = {}
    for column in learnt["columns"]:
        by_kind.setdefault(column["kind"], []).append(column["name"])
    return ["Columns: " + "; ".join(f"{kind} {_listed(names)}" for kind, names in by_kind.items()) + "."]


def _of_series(learnt: dict[str, Any]) -> list[str]:
    channels = learnt["channels"]
    period = f"{learnt['period']} points" if learnt.get("period") else "none found"
    periods = learnt.get("periods") or []
    seasons = f" Seasons: {', '.join(periods)}." if periods and periods != [period] else ""
    step = f" Step: {learnt['step']}." if learnt.get("step") else ""
    zone = f" Time zone: {learnt['timezone']}." if learnt.get("timezone") else ""
    told = [f"Channel{'s' * (len(channels) != 1)}: {_listed(channels)}."] if channels else []
    many = learnt.get("series")
    of_most = " of most" if many else ""
    return [_of_many(many) if many else "", *told, f"Period{of_most}: {period}.{seasons}{step}{zone}"]


def _of_many(many: dict[str, Any]) -> str:
    by = f" by {', '.join(many['by'])}" if many["by"] else ", each a column"
    failed = f", {many['failed']:,} of them not looked at" if many["failed"] else ""
    models = "they share one model" if many["share"] else "each has models of its own"
    return f"Series: {many['count']:,}{by}{failed}; {models}."


def _of_strings(learnt: dict[str, Any]) -> list[str]:
    patterns = [f"{p['pattern']} {_percent(p['share'])}" for p in learnt["patterns"][:_PATTERNS]]
    regex, digit = learnt.get("regex"), learnt.get("check_digit")
    return [
        f"Patterns: {', '.join(patterns)}." if patterns else "",
        f"Regular expression: {regex['pattern']} fits {regex['coverage']:.1%}." if regex else "",
        f"Check digit: {digit}." if digit else "",
    ]
