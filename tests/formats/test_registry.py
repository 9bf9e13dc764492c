"""The lists of formats, and the texts that repeat them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from segstudio.cli.main import app
from segstudio.errors import FormatError, ObjectError, SegstudioError
from segstudio.formats import registry
from segstudio.formats.dataset import DatasetEntry, DatasetReader, ReadOptions
from segstudio.formats.registry import (
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


@pytest.mark.parametrize(
    ("command", "names"),
    [("import", READER_NAMES), ("convert", READER_NAMES), ("export", [writer.name for writer in WRITERS])],
)
def test_the_help_of_the_command_line_lists_every_format(command: str, names: list[str]) -> None:
    """The texts are written by hand, because the command line imports the formats only when it needs them."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = [
        option for option in commands[command].params if "format" in option.opts[0] or option.name in ("from_", "to")
    ]
    listed = {word.strip(".,") for option in options for word in option.help.split()}
    assert set(names) <= listed
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


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
