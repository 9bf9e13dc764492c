"""All tools, in the order in which they are shown."""

from __future__ import annotations

from segstudio.tools.accept import Accept
from segstudio.tools.brush import Brush
from segstudio.tools.bucket import Bucket
from segstudio.tools.circle import Circle
from segstudio.tools.eraser import Eraser
from segstudio.tools.grabcut import GrabCut
from segstudio.tools.knife import Knife
from segstudio.tools.lasso import Lasso
from segstudio.tools.line import LineTool
from segstudio.tools.oriented_rectangle import OrientedRectangle
from segstudio.tools.point import PointTool
from segstudio.tools.polygon import Polygon
from segstudio.tools.prompt import Prompt
from segstudio.tools.rectangle import Rectangle
from segstudio.tools.ruler import Ruler
from segstudio.tools.scissors import Scissors
from segstudio.tools.select import Select
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.threshold import Threshold
from segstudio.tools.tool import Choice, Sight, Tool
from segstudio.tools.wand import Wand
from segstudio.tools.watershed import Watershed

# Groups that stand together on the strip at the window's side.
GROUPS: tuple[tuple[type[Tool], ...], ...] = (
    (Select, Knife),
    (Brush, Eraser, Lasso, Bucket),
    (Polygon, Rectangle, OrientedRectangle, Circle, LineTool, PointTool),
    (Wand, Scissors, GrabCut, Superpixels, Watershed, Prompt),
    (Accept, Threshold),
    (Ruler,),
)


def all_tools(choice: Choice, sight: Sight) -> dict[str, Tool]:
    """One of each, by name."""
    return {kind.name: kind(choice, sight) for group in GROUPS for kind in group}
