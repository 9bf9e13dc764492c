"""The lists of formats, and the texts that repeat them."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from segstudio.cli.main import app
from segstudio.errors import SegstudioError
from segstudio.formats.registry import READER_NAMES, READERS, WRITERS, writer_named


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
