"""Free names: nothing that exists is written over."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from segstudio.errors import ProjectError
from segstudio.project.free_names import check_new_folder, find_free_folder, find_free_name, number_names


def test_names_are_numbered_from_the_second_on() -> None:
    assert list(islice(number_names("a", ".png"), 3)) == ["a.png", "a-2.png", "a-3.png"]
    assert list(islice(number_names("run", first=1), 2)) == ["run-1", "run-2"]


def test_the_first_name_that_is_not_taken_is_found() -> None:
    assert find_free_name("a", set()) == "a"
    assert find_free_name("a", {"a", "a-2", "a-4"}) == "a-3"


def test_a_free_folder_is_new_or_empty(tmp_path: Path) -> None:
    assert find_free_folder(tmp_path / "a") == tmp_path / "a"
    (tmp_path / "a").mkdir()
    assert find_free_folder(tmp_path / "a") == tmp_path / "a"
    (tmp_path / "a" / "file").touch()
    (tmp_path / "a-2").touch()
    assert find_free_folder(tmp_path / "a") == tmp_path / "a-3"


def test_a_new_folder_holds_nothing_and_can_be_written_to(tmp_path: Path) -> None:
    check_new_folder(tmp_path / "a" / "b")
    (tmp_path / "a").mkdir()
    check_new_folder(tmp_path / "a")
    (tmp_path / "a" / "file").touch()
    with pytest.raises(ProjectError, match="not empty"):
        check_new_folder(tmp_path / "a")
    with pytest.raises(ProjectError, match="not empty"):
        check_new_folder(tmp_path / "a" / "file")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(ProjectError, match="may not be written to"):
        check_new_folder(tmp_path / "a" / "b")
