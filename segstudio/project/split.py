"""Which images are held out from training for validation; neighbours of a sequence stay together."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Final

from segstudio.project.item import natural_key

HELD_OUT_SHARE: Final = 0.2
SHORT_SEQUENCE: Final = 5  # a sequence with fewer images is on one side as a whole

SEQUENCE, FOLDER, PREFIX = "sequence", "folder", "prefix"
GROUPINGS: Final = (SEQUENCE, FOLDER, PREFIX)


def assign(
    names: Sequence[str],
    fixed: Mapping[str, bool] | None = None,
    share: float = HELD_OUT_SHARE,
    *,
    by: str = SEQUENCE,
    duplicates: Iterable[Sequence[str]] = (),
) -> dict[str, bool]:
    """For each image whether it is held out. From two images on, neither side is empty.

    `fixed` decisions are kept, unless one side would be empty or duplicates were decided differently.
    `by` says what belongs together: frames of a sequence, where a long sequence is cut once; all images of a folder;
    or names with the same beginning, up to the first digit, - or _.
    `duplicates` are groups of images with the same content; each group is on one side, unless there is no other image.
    """
    ordered = sorted(names, key=natural_key)
    known = {name: fixed[name] for name in ordered if fixed and name in fixed}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in ordered:
        groups[group_key(name, by)].append(name)
    held = _choose_held_out(groups, known, share, cut=by == SEQUENCE)
    out = {name: known.get(name, name in held) for name in names}
    together = [[name for name in group if name in out] for group in duplicates]
    _join_duplicates(out, known, together)
    if len(out) >= 2 and len(set(out.values())) == 1:
        side = next(iter(out.values()))
        free = out.keys() - known.keys()
        moved = _choose_to_move(list(groups.values()), free, together, cut=by == SEQUENCE, side=side)
        out.update((name, not side) for name in moved)
    return out


def group_key(name: str, by: str) -> str:
    """Images with the same key belong together."""
    folder, _, stem = name.rpartition("/")
    if by == FOLDER:
        return folder
    if by == PREFIX:
        return f"{folder}/{re.split(r'[0-9_-]', stem, maxsplit=1)[0]}"
    return re.sub(r"\d+(?=[^\d]*$)", "", name.rpartition(".")[0])  # frames differ in their last number


def _join_duplicates(out: dict[str, bool], known: Mapping[str, bool], duplicates: Iterable[Sequence[str]]) -> None:
    """Put duplicates where most of those are that were decided before, else where most of them are; ties train."""
    for group in duplicates:
        voters = [name for name in group if name in known] or group
        side = sum(out[name] for name in voters) * 2 > len(voters)
        out.update((name, side) for name in group)


def _choose_to_move(
    groups: Sequence[Sequence[str]], free: Set[str], duplicates: Iterable[Sequence[str]], *, cut: bool, side: bool
) -> Collection[str]:
    """Which images leave `side`, where all images are; `free` are those without an earlier decision.

    A whole group that is free; else the free end of a long sequence (its first image where training has none); else
    any whole group; else a single image. Their duplicates come along. Preferred are images without duplicates in other
    groups, then few images.
    """
    ordered = [name for names in groups for name in names]
    end = 0 if side else -1
    single = ([name for name in ordered if name in free] or ordered)[end]
    choices: tuple[Sequence[Sequence[str]], ...] = (
        [names for names in groups if set(names) <= free],
        [[names[end]] for names in groups if cut and len(names) >= SHORT_SEQUENCE and names[end] in free],
        groups,
        [[single]],
    )
    alike = [set(group) for group in duplicates]
    for candidates in choices:
        pairs = [(names, set(names).union(*(group for group in alike if group & set(names)))) for names in candidates]
        fitting = [(len(wide) > len(names), len(wide), wide) for names, wide in pairs if len(wide) < len(ordered)]
        if fitting:
            return min(fitting, key=lambda found: found[:2])[2]
    return [single]


def _choose_held_out(groups: Mapping[str, list[str]], known: Mapping[str, bool], share: float, cut: bool) -> set[str]:
    """The end of each long sequence; of the rest whole groups, in the order of a hash of their names.

    Images that are held out already count, so that only what is missing from the share is added.
    """
    held: set[str] = set()
    sides = {key: {known[name] for name in names if name in known} for key, names in groups.items()}
    settled = {key for key, found in sides.items() if len(found) == 1 or (found and not cut)}
    for key in settled:  # an image that joins a group goes where the group is; to training where it is on both sides
        if sides[key] == {True}:
            held.update(groups[key])
    groups = {key: names for key, names in groups.items() if key not in settled}
    short = [key for key, names in groups.items() if not cut or len(names) < SHORT_SEQUENCE]
    for key, names in groups.items():
        if key not in short:
            missing = max(1, round(share * len(names))) - sum(known.get(name, False) for name in names)
            free = [name for name in names if name not in known]
            held.update(free[max(0, len(free) - missing) :] if missing > 0 else ())
    wanted = share * sum(len(groups[key]) for key in short)
    chosen = sum(known.get(name, False) for key in short for name in groups[key])
    for key in sorted(short, key=lambda k: hashlib.sha256(k.encode()).hexdigest()):
        free = [name for name in groups[key] if name not in known]
        if free and chosen + len(free) / 2 <= wanted:
            held.update(free)
            chosen += len(free)
    return held
