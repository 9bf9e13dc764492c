"""The class table and the VOC palette."""

from __future__ import annotations

import pytest

from segstudio.core.classes import IGNORE, MAX_CLASSES, ClassTable
from segstudio.core.colours import VOC_PALETTE


def test_the_palette_equals_that_of_the_voc_devkit() -> None:
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {index: tuple(VOC_PALETTE[index]) for index in known} == known
    assert tuple(VOC_PALETTE[255]) == (224, 224, 192)


def test_a_table_holds_254_classes_and_refuses_the_next_with_the_reason() -> None:
    table = ClassTable.from_names(f"c{number}" for number in range(MAX_CLASSES))
    assert len(table) == 254
    with pytest.raises(ValueError, match="at most 254 classes"):
        table.with_added("one more")


@pytest.mark.parametrize("name", ["", "  ", "__ignore__", "car"])
def test_empty_reserved_and_used_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ClassTable.from_names(["_background_", "car"]).with_added(name)


def test_a_renamed_class_is_found_by_its_old_name() -> None:
    table = ClassTable.from_names(["_background_", "car"]).with_renamed(1, "vehicle")
    assert table.id_of("car") == table.id_of("vehicle") == 1
    assert table.canonical_name("car") == "vehicle"


def test_an_alias_cannot_become_another_class() -> None:
    """Files and undo steps may still contain it and would silently change their meaning."""
    table = ClassTable.from_names(["_background_", "car", "bus"]).with_renamed(1, "vehicle")
    with pytest.raises(ValueError, match="was the name of 'vehicle'"):
        table.with_added("car")
    with pytest.raises(ValueError, match="was the name of 'vehicle'"):
        table.with_renamed(2, "car")


def test_renaming_a_class_back_removes_the_alias() -> None:
    table = ClassTable.from_names(["_background_", "car"])
    assert table.with_renamed(1, "bus").with_renamed(1, "car").id_of("car") == 1


def test_ignore_and_background_have_fixed_ids_and_unknown_names_have_none() -> None:
    table = ClassTable.from_names(["__ignore__", "sky", "road"])
    assert table.id_of("__ignore__") == IGNORE
    assert table.id_of("_background_") == 0
    assert table.id_of("?") is None
    assert table.id_of(" road ") == 1


@pytest.mark.parametrize(
    ("first", "expected"),
    [("_background_", True), ("background", True), ("Background", True), ("sky", False), ("backgrounds", False)],
)
def test_whether_a_table_has_a_background_class_follows_from_the_name_of_class_0(first: str, expected: bool) -> None:
    assert ClassTable.from_names([first, "background noise"]).has_background is expected


def test_merging_a_class_keeps_its_names_as_aliases_and_closes_the_gap_in_the_ids() -> None:
    table = (
        ClassTable.from_names(["_background_", "car", "van", "bus"])
        .with_renamed(2, "truck")
        .with_merged("bus", "truck")
    )
    assert [(item.id, item.name) for item in table] == [(0, "_background_"), (1, "car"), (2, "bus")]
    assert table.id_of("van") == table.id_of("truck") == 2


@pytest.mark.parametrize(("kept", "removed"), [("car", "car"), ("car", "_background_"), ("?", "car"), ("car", "?")])
def test_merging_class_0_an_unknown_class_or_a_class_with_itself_is_refused(kept: str, removed: str) -> None:
    with pytest.raises(ValueError, match="cannot be merged"):
        ClassTable.from_names(["_background_", "car", "van"]).with_merged(kept, removed)


def test_an_alias_of_one_class_cannot_be_added_to_another() -> None:
    table = ClassTable.from_names(["_background_", "car", "bus"]).with_alias("car", "auto")
    assert table.id_of("auto") == 1
    with pytest.raises(ValueError, match="was the name of 'car'"):
        table.with_alias("bus", "auto")
    with pytest.raises(ValueError, match="no class '__ignore__'"):
        table.with_alias("__ignore__", "void")
