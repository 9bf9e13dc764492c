"""The lists of formats, and the texts that repeat them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from segstudio.cli.main import app
from segstudio.errors import FormatError, ObjectError, SegstudioError
from segstudio.formats import registry
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ReadOptions
from segstudio.formats.registry import (
    AUTO,
    PARSE_ERRORS,
    READER_NAMES,
    READERS,
    WRITERS,
    Detection,
    Reader,
    detect,
    open_detected,
    writer_named,
)
from segstudio.formats.temporary_folder import TemporaryFolder


def test_names_and_titles_of_formats_are_unique() -> None:
    assert len({reader.name for reader in READERS}) == len({reader.title for reader in READERS}) == len(READERS)
    assert len({writer.name for writer in WRITERS}) == len({writer.title for writer in WRITERS}) == len(WRITERS)


def test_every_format_that_can_be_written_can_be_read_again() -> None:
    assert {writer.name for writer in WRITERS} <= {reader.name for reader in READERS}


def test_a_writer_is_found_by_its_name_or_refused_with_all_names() -> None:
    for writer in WRITERS:
        assert writer_named(writer.name) is writer
    with pytest.raises(SegstudioError, match="'avi' cannot be exported; choose one of voc, coco, labelme, masks, yolo"):
        writer_named("avi")


def test_the_command_line_lists_every_format_by_the_name_that_its_options_take() -> None:
    result = CliRunner().invoke(app, ["formats", "--json"])
    rows = {row["name"]: row["written"] for row in json.loads(result.stdout)["formats"]}
    assert set(rows) == {*READER_NAMES} - {AUTO}
    assert {name for name, written in rows.items() if written} == {writer.name for writer in WRITERS}
    assert "cvat         CVAT XML: read\n" in CliRunner().invoke(app, ["formats"]).stdout


@pytest.mark.parametrize("kind", [*PARSE_ERRORS, ObjectError])
def test_an_unexpected_parser_error_becomes_a_format_error_of_its_image(kind: type[Exception], tmp_path: Path) -> None:
    def fail(*_: object) -> Any:
        raise kind("unexpected")

    def open_one(root: Path, options: ReadOptions) -> DatasetReader:
        return DatasetReader(None, "background", [DatasetEntry("a", fail)])

    options = ReadOptions()
    one_image = Detection(Reader("x", "X", fail, open_one), {}, tmp_path, TemporaryFolder())
    with pytest.raises(FormatError, match=r"/a: cannot be read \(.*unexpected\); correct it or remove it"):
        open_detected(one_image, options).entries[0].read()
    if kind is not ObjectError:
        with pytest.raises(FormatError, match=r"cannot be read \(.*unexpected\)"):
            open_detected(replace(one_image, reader=Reader("x", "X", fail, fail)), options)


def test_a_format_whose_detection_fails_declines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr(registry, "READERS", (Reader("coco", "COCO", fail, fail),))
    assert detect(tmp_path, ReadOptions()).declined == {"coco": "it cannot be read (RecursionError: too deep)"}
