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
    """For each picture whether it is held out. `fixed` is kept as it is; from 2 pictures on both sides have one."""
    fixed = {name: value for name, value in (fixed or {}).items() if name in set(names)}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names, key=natural_key):
        groups[_sequence(name)].append(name)
    held = _held_out(groups, share)
    out = {name: fixed.get(name, name in held) for name in names}
    free = [name for name in sorted(names, key=natural_key) if name not in fixed]
    if len(names) >= 2 and free:
        if not any(out.values()):
            out[free[-1]] = True
        elif all(out.values()):
            out[free[0]] = False
    return out


def _sequence(name: str) -> str:
    """Folder and name without its last number: frames of one film share it."""
    return re.sub(r"\d+(?=[^\d]*$)", "", name.rpartition(".")[0])


def _held_out(groups: Mapping[str, list[str]], share: float) -> set[str]:
    """The end of each long sequence; of the short ones whole sequences, chosen by a hash of their name."""
    held: set[str] = set()
    short = [key for key, names in groups.items() if len(names) < _SMALL]
    for key, names in groups.items():
        if key not in short:
            held.update(names[len(names) - max(1, round(share * len(names))) :])
    wanted = share * sum(len(groups[key]) for key in short)
    taken = 0
    for key in sorted(short, key=lambda k: hashlib.sha256(k.encode()).hexdigest()):
        if taken + len(groups[key]) / 2 <= wanted:
            held.update(groups[key])
            taken += len(groups[key])
    return held
