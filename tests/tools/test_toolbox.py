"""What holds for every tool: its description, locked classes, and that leaving it changes nothing."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from segstudio.core.document import Document
from segstudio.core.painting_rules import PaintingRules
from segstudio.core.raster import rasterise
from segstudio.tools.options import ToolSettings
from segstudio.tools.shapes import PointTool
from segstudio.tools.tool import Cursor, Pointer, Tool, ToolContext
from segstudio.tools.toolbox import GROUPS, SELECT, START, all_options, all_tools
from tests.tools.scene import TABLE, FakeSegmenter, box, disc, drag, empty_document, make_context, run_pending_work

KINDS = [kind for group in GROUPS for kind in group]
each_tool = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.info.name)


def full_context() -> ToolContext:
    context = make_context()
    context.segmenter = FakeSegmenter()
    context.predicted = np.where(disc(), 2, np.where(box(), 1, 0)).astype(np.uint8)
    context.probability_map = np.where(disc() | box(), 200, 20).astype(np.uint8)
    return context


def use(tool: Tool, document: Document, **held: bool) -> None:
    """A stroke over the disc and one over the gray background, then Enter."""
    for path in (((30, 50), (60, 80), (90, 110)), ((60, 80),), ((10, 20), (110, 30), (20, 140))):
        drag(tool, document, *path, **held)
        tool.hover(document, Pointer(*path[-1]))
        run_pending_work(tool, document)
    tool.finish(document)
    run_pending_work(tool, document)


def document_with_a_disc() -> Document:
    document = empty_document()
    document.begin()
    document.paint(1, document.annotation.box, disc())
    document.commit("disc")
    return document


def test_names_and_keys_of_tools_are_unique() -> None:
    infos = [kind.info for kind in KINDS]
    for values in ([info.name for info in infos], [info.key for info in infos], [info.title for info in infos]):
        assert len(set(values)) == len(values)
    assert list(all_tools(ToolSettings(), ToolContext())) == [info.name for info in infos]
    assert {START, SELECT} <= {info.name for info in infos}


@each_tool
def test_a_tool_is_described(kind: type[Tool]) -> None:
    info = kind.info
    assert info.title and info.key and info.hint
    assert info.icon.startswith("ph.")
    assert info.needs in ("", "prediction", "probability_map")


def test_options_are_fields_of_the_settings_within_their_limits() -> None:
    defaults = ToolSettings()
    names = {field.name for field in fields(defaults)}
    for option in all_options():
        assert option.field in names
        value = getattr(defaults, option.field)
        if hasattr(option, "choices"):
            assert value in [each for each, _ in option.choices]
        elif hasattr(option, "low"):
            assert option.low <= value / getattr(option, "step", 1) <= option.high
    assert len({option.field for option in all_options()}) == len(all_options())


@each_tool
def test_a_tool_with_a_ring_as_cursor_has_a_size(kind: type[Tool]) -> None:
    tool = kind(ToolSettings(1, 7), full_context())
    assert (tool.cursor is Cursor.ROUND) == (tool.radius_px is not None)
    assert tool.radius_px in (None, 7)


@each_tool
@pytest.mark.parametrize("alt", [False, True])
def test_no_tool_changes_pixels_of_a_locked_class(kind: type[Tool], alt: bool) -> None:
    document = document_with_a_disc()
    document.rules = PaintingRules(locked_classes=frozenset({1}))
    use(kind(ToolSettings(2, 6, cell_px=20), full_context()), document, alt=alt)
    assert (document.plane[disc()] == 1).all()
    assert (document.plane == rasterise(document.annotation, TABLE)).all()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not PointTool])  # a press adds a point
def test_cancelling_a_press_changes_nothing(kind: type[Tool]) -> None:
    document = document_with_a_disc()
    before, tool = document.annotation, kind(ToolSettings(2, 6), full_context())
    tool.press(document, Pointer(60, 80))
    tool.move(document, Pointer(90, 100))
    tool.cancel(document)
    tool.release(document, Pointer(90, 100))
    run_pending_work(tool, document)
    assert not document.has_open_stroke
    assert document.annotation is before
