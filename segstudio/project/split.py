"""Which pictures judge the model: neighbours of a sequence stay together, and neither side is empty."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from segstudio.project.item import natural_key

SHARE = 0.2
_SMALL = 5  # a sequence shorter than this goes to one side as a whole


def assign(names: Sequence[str], fixed: Mapping[str, bool] | None = None, share: float = SHARE) -> dict[str, bool]:
    """For each picture whether it is held out. `fixed` is kept, unless one side would be empty."""
    ordered = sorted(names, key=natural_key)
    known = {name: fixed[name] for name in ordered if fixed and name in fixed}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in ordered:
        groups[_sequence(name)].append(name)
    held = _held_out(groups, known, share)
    out = {name: known.get(name, name in held) for name in names}
    if len(ordered) >= 2 and len(set(out.values())) == 1:  # one side is empty: what is free moves first
        missing = not out[ordered[0]]
        movable = [name for name in ordered if name not in known] or ordered
        out[movable[-1 if missing else 0]] = missing
    return out


def _sequence(name: str) -> str:
    """Folder and name without its last number: frames of one film share it."""
    return re.sub(r"\d+(?=[^\d]*$)", "", name.rpartition(".")[0])


def _held_out(groups: Mapping[str, list[str]], known: Mapping[str, bool], share: float) -> set[str]:
    """The end of each long sequence; of the short ones whole sequences, chosen by a hash of their name.

    Only as many as are missing: what is held out already counts.
    """
    held: set[str] = set()
    short = [key for key, names in groups.items() if len(names) < _SMALL]
    for key, names in groups.items():
        if key not in short:
            missing = max(1, round(share * len(names))) - sum(known.get(name, False) for name in names)
            free = [name for name in names if name not in known]
            held.update(free[max(0, len(free) - missing) :] if missing > 0 else ())
    wanted = share * sum(len(groups[key]) for key in short)
    taken = sum(known.get(name, False) for key in short for name in groups[key])
    for key in sorted(short, key=lambda k: hashlib.sha256(k.encode()).hexdigest()):
        free = [name for name in groups[key] if name not in known]
        if free and taken + len(free) / 2 <= wanted:
            held.update(free)
            taken += len(free)
    return held
