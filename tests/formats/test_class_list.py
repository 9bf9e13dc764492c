"""Class lists and lists of file stems."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.errors import FileError
from segstudio.formats import class_list
from tests.formats.samples import write_text


def test_stems_are_read_without_comments_blank_lines_and_image_suffixes(tmp_path: Path) -> None:
    path = write_text(tmp_path / "val.txt", "\ufeff# a comment\n\n a.jpg \nfolder/b.PNG\nversion.2\n")
    assert class_list.read_stems(path) == {"a", "b", "version.2"}


def test_a_list_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "val.txt").write_bytes(b"\xff\xfe")
    for read in (class_list.read_stems, class_list.read):
        with pytest.raises(FileError, match=r"val\.txt: cannot be read"):
            read(tmp_path / "val.txt")


def test_labels_get_a_background_class_if_they_list_none(tmp_path: Path) -> None:
    path = write_text(tmp_path / "labels.txt", "__ignore__\ncat\n")
    assert class_list.read_labels(path).names == ["_background_", "cat"]
    assert class_list.read(path).names == ["cat"]


@pytest.mark.parametrize(("text", "expected"), [("__ignore__\n", True), ("_background_\n", True), ("cat\n", False)])
def test_the_class_list_of_labelme_is_recognised(text: str, expected: bool, tmp_path: Path) -> None:
    assert class_list.is_labelme_list(write_text(tmp_path / "labels.txt", text)) == expected
