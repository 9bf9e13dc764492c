"""Archives are unpacked into a temporary folder that lives as long as the dataset."""

from __future__ import annotations

import gc
import zipfile
from pathlib import Path

import pytest

from segstudio.errors import FileError, FormatError
from segstudio.formats import temporary_folder
from segstudio.formats.temporary_folder import TemporaryFolder
from tests.formats.layouts import make_voc
from tests.formats.samples import open_path


def pack(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.rglob("*")):
            opened.write(path, path.relative_to(folder))
    return archive


def test_the_folder_is_removed_with_its_object() -> None:
    temporary = TemporaryFolder()
    folder = temporary.folder
    (folder / "a").write_bytes(b"")
    del temporary
    gc.collect()
    assert not folder.exists()


def test_an_unpacked_dataset_can_be_read_as_long_as_there_is_an_entry(tmp_path: Path) -> None:
    make_voc(tmp_path / "in")
    _, dataset = open_path(pack(tmp_path / "in", tmp_path / "in.zip"))
    entry = dataset.entries[0]
    del dataset
    gc.collect()
    image = entry.read().image
    assert image.is_file()
    del entry
    gc.collect()
    assert not image.exists()


def test_a_zip_bomb_is_refused_by_its_compression_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary_folder, "_FREE_BYTES", 1 << 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "zeros").write_bytes(bytes(12 << 20))
    archive = pack(tmp_path / "in", tmp_path / "bomb.zip")
    with pytest.raises(FormatError, match="would unpack to 12 MB"):
        TemporaryFolder().unpack(archive)
    monkeypatch.setattr(temporary_folder, "_FREE_BYTES", 16 << 20)
    unpacked = TemporaryFolder()
    assert (unpacked.unpack(archive) / "zeros").stat().st_size == 12 << 20


def test_paths_in_an_archive_never_lead_out_of_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../climb.txt", "x")
        archive.writestr("/absolute.txt", "x")
    unpacked = TemporaryFolder()
    unpacked.unpack(tmp_path / "a.zip")
    assert sorted(path.name for path in unpacked.folder.rglob("*")) == ["absolute.txt", "climb.txt"]


def test_a_broken_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(FileError, match="cannot be unpacked"):
        TemporaryFolder().unpack(tmp_path / "a.zip")
