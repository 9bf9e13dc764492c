"""Writes are atomic."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from segstudio.errors import FileError
from segstudio.formats import atomic


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    atomic.write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail) if failing == "fsync" else monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileError, match="No space left"):
        atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_the_permissions_of_the_replaced_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    path.chmod(0o640)
    atomic.write_bytes(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes() == b"new"


def test_missing_folders_are_created_and_long_names_are_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / ("ü" * 100 + ".json")
    atomic.write_text(path, "text")
    assert path.read_text("utf-8") == "text"


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="could not be written"):
        atomic.write_bytes(tmp_path / "file" / "a.json", b"")


@pytest.mark.parametrize("hard_links", [True, False])
def test_the_previous_file_is_kept_under_another_name(
    hard_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hard links there is a complete file at `path` at every moment."""
    path, previous = tmp_path / "last.ckpt", tmp_path / "previous.ckpt"
    atomic.write_bytes(path, b"first")
    replace = Path.replace
    always_there = []

    def check_and_replace(source: Path, target: Path) -> Path:
        done = replace(source, target)
        always_there.append(path.exists())
        return done

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(Path, "replace", check_and_replace)
    if not hard_links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    for content in (b"second", b"third"):
        atomic.write_with(path, lambda file, content=content: file.write(content), keep_as=previous)
    assert (previous.read_bytes(), path.read_bytes()) == (b"second", b"third")
    assert all(always_there) == hard_links
    assert sorted(each.name for each in tmp_path.iterdir()) == ["last.ckpt", "previous.ckpt"]
