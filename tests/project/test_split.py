"""The split: neighbours together, neither side empty, kept once made."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.project.split import assign

names = st.lists(
    st.tuples(st.sampled_from(["film", "walk/a", "b"]), st.integers(0, 400)).map(lambda p: f"{p[0]}_{p[1]:03d}.png"),
    min_size=2,
    max_size=60,
    unique=True,
)


@settings(max_examples=150, deadline=None)
@given(names, st.data())
def test_neither_side_is_empty_from_two_images_on_and_what_is_fixed_stays(names: list, data: st.DataObject) -> None:
    fixed = {name: data.draw(st.booleans()) for name in data.draw(st.lists(st.sampled_from(names), unique=True))}
    held = assign(names, fixed)
    assert set(held) == set(names)
    assert any(held.values())
    assert not all(held.values())
    moved = [name for name, value in fixed.items() if held[name] != value]
    assert len(moved) <= 1
    if moved:  # only where everything else is fixed to the same side
        assert set(fixed) == set(names)
        assert len(set(fixed.values())) == 1


def test_a_film_is_cut_once() -> None:
    frames = [f"film_{number:04d}.png" for number in range(50)]
    held = assign(frames)
    cuts = sum(held[a] != held[b] for a, b in itertools.pairwise(frames))
    assert cuts == 1
    assert sum(held.values()) == 10


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


def test_one_image_is_learnt_from() -> None:
    assert assign(["a.png"]) == {"a.png": False}
