"""All tools, in the order in which they are shown."""

from __future__ import annotations

from segstudio.tools.accept import Accept
from segstudio.tools.brush import Brush, Eraser
from segstudio.tools.bucket import Bucket
from segstudio.tools.free_line import Knife, Lasso
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.options import FieldOption, ToolSettings
from segstudio.tools.polygon import Polygon
from segstudio.tools.prompt import Prompt
from segstudio.tools.ruler import Ruler
from segstudio.tools.scissors import Scissors
from segstudio.tools.select import Select
from segstudio.tools.shapes import Circle, LineTool, OrientedRectangle, PointTool, Rectangle
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Tool, ToolContext
from segstudio.tools.wand import Wand
from segstudio.tools.watershed import Watershed

# Groups, separated in the vertical toolbar.
GROUPS: tuple[tuple[type[Tool], ...], ...] = (
    (Select, Knife),
    (Brush, Eraser, Lasso, Bucket),
    (Polygon, Rectangle, OrientedRectangle, Circle, LineTool, PointTool),
    (Wand, Scissors, GrabCut, Superpixels, Watershed, Prompt),
    (Accept, Threshold),
    (Ruler,),
)
START, SELECT = Brush.info.name, Select.info.name  # the active tool at start; the tool that selects objects


def all_tools(settings: ToolSettings, context: ToolContext) -> dict[str, Tool]:
    """One of each, by name."""
    return {kind.info.name: kind(settings, context) for group in GROUPS for kind in group}


def all_options() -> tuple[FieldOption, ...]:
    """The options with a widget of their own, each once, in the order in which tools name them."""
    options = (option for group in GROUPS for kind in group for option in kind.info.options)
    return tuple(dict.fromkeys(option for option in options if isinstance(option, FieldOption)))
