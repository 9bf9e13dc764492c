"""Which images judge the model: neighbours of a sequence stay together, and neither side is empty."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from segstudio.project.item import natural_key

SHARE = 0.2
_SMALL = 5  # a sequence shorter than this goes to one side as a whole


SEQUENCE, FOLDER, PREFIX = "sequence", "folder", "prefix"
GROUPINGS = (SEQUENCE, FOLDER, PREFIX)


def assign(
    names: Sequence[str],
    fixed: Mapping[str, bool] | None = None,
    share: float = SHARE,
    *,
    by: str = SEQUENCE,
    twins: Iterable[Sequence[str]] = (),
) -> dict[str, bool]:
    """For each image whether it is held out. `fixed` is kept, unless one side would be empty.

    `by` says what belongs together: frames of a sequence, of which long ones are cut once; everything in a
    folder; or names that begin alike, up to the first digit, - or _. `twins` are images with the same pixels:
    they never stand on both sides.
    """
    ordered = sorted(names, key=natural_key)
    known = {name: fixed[name] for name in ordered if fixed and name in fixed}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in ordered:
        groups[_group(name, by)].append(name)
    held = _held_out(groups, known, share, cut=by == SEQUENCE)
    out = {name: known.get(name, name in held) for name in names}
    _join(out, twins)
    if len(ordered) >= 2 and len(set(out.values())) == 1:  # one side is empty: what is free moves first
        missing = not out[ordered[0]]
        movable = [name for name in ordered if name not in known] or ordered
        for together in _movable(movable, groups, missing, twins):
            if len(set(out) - set(together)):
                out.update((name, missing) for name in together if name in out)
                break
    return out


def _movable(
    names: Sequence[str], groups: Mapping[str, list[str]], to_judge: bool, twins: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    """What could go to the empty side: the smallest whole group if there are several, then one with its twins."""
    whole = [group for group in groups.values() if set(group) <= set(names)]
    if len(groups) > 1 and whole:
        yield min(whole, key=len)
    one = names[-1 if to_judge else 0]
    yield next((group for group in twins if one in group), [one])
    yield [one]


def _join(out: dict[str, bool], twins: Iterable[Sequence[str]]) -> None:
    """Twins go where most of them are; to learning when in doubt."""
    for group in twins:
        there = [name for name in group if name in out]
        side = sum(out[name] for name in there) * 2 > len(there)
        out.update((name, side) for name in there)


def _group(name: str, by: str) -> str:
    if by == FOLDER:
        return name.rpartition("/")[0]
    folder, _, stem = name.rpartition("/")
    if by == PREFIX:
        return f"{folder}/{re.split(r'[0-9_-]', stem, maxsplit=1)[0]}"
    return _sequence(name)


def _sequence(name: str) -> str:
    """Folder and name without its last number: frames of one film share it."""
    return re.sub(r"\d+(?=[^\d]*$)", "", name.rpartition(".")[0])


def _held_out(groups: Mapping[str, list[str]], known: Mapping[str, bool], share: float, cut: bool) -> set[str]:
    """The end of each long sequence; of the rest whole groups, chosen by a hash of their name.

    Only as many as are missing: what is held out already counts.
    """
    held: set[str] = set()
    sided = {key: {known[name] for name in names if name in known} for key, names in groups.items()}
    settled = {key for key, sides in sided.items() if len(sides) == 1 or (sides and not cut)}
    for key in settled:  # what joins a group goes where the group is; to learning where it stands on both
        if sided[key] == {True}:
            held.update(groups[key])
    groups = {key: names for key, names in groups.items() if key not in settled}
    short = [key for key, names in groups.items() if not cut or len(names) < _SMALL]
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
