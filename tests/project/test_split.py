"""The split: neighbours and duplicates together, neither side empty, kept once made."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.project.split import FOLDER, PREFIX, SEQUENCE, SHORT_SEQUENCE, assign, group_key

names = st.lists(
    st.tuples(st.sampled_from(["film", "walk/a", "b"]), st.integers(0, 400)).map(lambda p: f"{p[0]}_{p[1]:03d}.png"),
    min_size=2,
    max_size=60,
    unique=True,
)


def sequences(names: list[str]) -> list[set[str]]:
    groups = defaultdict(set)
    for name in names:
        groups[group_key(name, SEQUENCE)].add(name)
    return list(groups.values())


def draw_fixed(names: list[str], data: st.DataObject) -> dict[str, bool]:
    return {name: data.draw(st.booleans()) for name in data.draw(st.lists(st.sampled_from(names), unique=True))}


@settings(max_examples=150, deadline=None)
@given(names, st.data())
def test_neither_side_is_empty_from_two_images_on_and_what_is_fixed_stays(names: list, data: st.DataObject) -> None:
    fixed = draw_fixed(names, data)
    held = assign(names, fixed)
    assert set(held) == set(names)
    assert set(held.values()) == {True, False}
    moved = {name for name, value in fixed.items() if held[name] != value}
    if not moved:
        return
    groups = sequences(names)
    (side,) = set(fixed.values())  # an earlier decision is changed only where all decisions are for one side
    assert all(group & set(fixed) for group in groups), "a group that is free would go instead"
    if len(groups) == 1:
        assert len(moved) == 1
        assert set(fixed) == set(names)
    else:
        assert {name for name in names if held[name] != side} in groups


@settings(max_examples=150, deadline=None)
@given(names, st.data())
def test_a_short_sequence_is_never_split(names: list, data: st.DataObject) -> None:
    fixed = draw_fixed(names, data)
    held = assign(names, fixed)
    groups = sequences(names)
    for group in groups if len(groups) > 1 else ():
        if len(group) < SHORT_SEQUENCE and len({fixed[name] for name in group & set(fixed)}) < 2:
            assert len({held[name] for name in group}) == 1


@settings(max_examples=150, deadline=None)
@given(names, st.data())
def test_duplicates_are_on_one_side(names: list, data: st.DataObject) -> None:
    numbers = [data.draw(st.integers(0, 5)) for _ in names]
    groups = [[name for name, each in zip(names, numbers, strict=True) if each == number] for number in range(1, 6)]
    held = assign(names, draw_fixed(names, data), duplicates=groups)
    assert set(held) == set(names)
    assert set(held.values()) == {True, False}
    for group in groups:
        assert len({held[name] for name in group}) <= 1 or len(group) == len(names)


def test_duplicates_of_an_image_whose_side_was_decided_go_to_that_side() -> None:
    names = ["a.png", "b.png", "c.png", "d.png"]
    for side in (True, False):
        fixed = {"a.png": side, "b.png": not side}
        held = assign(names, fixed, duplicates=[["a.png", "c.png", "d.png"]])
        assert [held[name] for name in names] == [side, not side, side, side]


def test_a_group_without_duplicates_elsewhere_moves_first_to_the_empty_side() -> None:
    names = ["a1.png", "a2.png", "b1.png", "b2.png", "c1.png", "c2.png", "c3.png"]
    fixed = dict.fromkeys(names, False)
    held = assign(names, fixed, duplicates=[["a1.png", "b1.png"]])
    assert [name for name in names if held[name]] == ["c1.png", "c2.png", "c3.png"]


def test_a_long_sequence_gives_its_end_where_nothing_else_is_undecided() -> None:
    film = [f"film_{number}.png" for number in range(9)]
    fixed = dict.fromkeys(["b.png", *film[:-1]], False)
    held = assign(["b.png", *film], fixed)
    assert [name for name in held if held[name]] == ["film_8.png"]


def test_a_short_sequence_moves_as_a_whole_or_not_at_all() -> None:
    names = ["a1.png", "a2.png", "a3.png", "b1.png", "b2.png"]
    fixed = dict.fromkeys(["a1.png", "a2.png", "b1.png"], False)
    held = assign(names, fixed)
    assert [name for name in names if held[name]] == ["b1.png", "b2.png"]
    images = [f"{folder}/{number}.png" for folder in "ab" for number in range(9)]
    held = assign(images, dict.fromkeys([*images[:8], *images[9:17]], False), by=FOLDER)
    assert [name for name in images if held[name]] == images[:9], "a folder is never cut"


def test_a_film_is_cut_once() -> None:
    frames = [f"film_{number:04d}.png" for number in range(50)]
    held = assign(frames)
    cuts = sum(held[a] != held[b] for a, b in itertools.pairwise(frames))
    assert cuts == 1
    assert [name for name in frames if held[name]] == frames[-10:], "the end is held out"


def test_the_share_stays_a_share_while_a_film_is_labelled_frame_by_frame() -> None:
    fixed: dict[str, bool] = {}
    for count in range(2, 40):
        fixed = assign([f"film_{number:04d}.png" for number in range(count)], fixed)
    assert 5 <= sum(fixed.values()) <= 9


def test_short_sequences_stay_whole() -> None:
    names = [f"patient{p}/slice{s}.png" for p in range(20) for s in range(3)]
    held = assign(names)
    for patient in range(20):
        assert len({held[f"patient{patient}/slice{s}.png"] for s in range(3)}) == 1
    assert 6 <= sum(held.values()) <= 15


def test_images_are_grouped_by_sequence_folder_or_the_beginning_of_their_names() -> None:
    names = [f"{folder}/{word}_{number}.png" for folder in "ab" for word in ("cat", "dog") for number in range(9)]
    for by, groups in ((SEQUENCE, 4), (FOLDER, 2), (PREFIX, 4)):
        assert len({group_key(name, by) for name in names}) == groups
    held = assign(names, by=FOLDER)
    assert {len({held[name] for name in names if name.startswith(folder)}) for folder in "ab"} == {1}
    held = assign(names, by=PREFIX)
    assert {len({held[name] for name in names if word in name and name[0] == "a"}) for word in ("cat", "dog")} == {1}


def test_a_single_image_is_for_training() -> None:
    assert assign(["a.png"]) == {"a.png": False}
