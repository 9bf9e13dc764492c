"""Every action as a row of data; whether it is enabled is a function of the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from segstudio.tools.toolbox import GROUPS
from segstudio.ui.session import Session

Enabled = Callable[[Session], bool]


def _always(session: Session) -> bool:
    return True


def _project(session: Session) -> bool:
    return session.project is not None


def _image(session: Session) -> bool:
    return session.image is not None


def _writable(session: Session) -> bool:
    return session.document is not None


def _can_undo(session: Session) -> bool:
    return session.image is not None and session.image.document.history.undo_name is not None


def _can_redo(session: Session) -> bool:
    return session.image is not None and session.image.document.history.redo_name is not None


def _can_train(session: Session) -> bool:
    return session.num_labelled > 0 and not session.training


def _selected(session: Session) -> bool:
    return session.document is not None and bool(session.document.marks.selected)


def _several(session: Session) -> bool:
    return session.document is not None and len(session.document.marks.selected) > 1


def _predicted(session: Session) -> bool:
    return session.document is not None and session.sight.predicted is not None


def _prediction(session: Session) -> bool:
    return session.sight.predicted is not None


@dataclass(frozen=True)
class Action:
    """`does` is "flow.method". `menu` is where it stands, "Menu/Submenu" for a deeper place.

    `tool` marks one of a group that stays pressed; it takes the tool of its name into the hand.
    """

    name: str
    text: str
    keys: str
    does: str
    menu: str
    icon: str = ""
    enabled: Enabled = _always
    tool: bool = False

    @property
    def shown(self) -> str:
        return QCoreApplication.translate("Action", self.text)


def N(context: str, text: str) -> str:  # noqa: N802  # lupdate -tr-function-alias QT_TRANSLATE_NOOP=N finds it
    """Marks a text for translation and leaves it as it is."""
    return text


TOOL_WORDS = {
    "select": N("Action", "Select"),
    "knife": N("Action", "Split along a line"),
    "brush": N("Action", "Brush"),
    "eraser": N("Action", "Eraser"),
    "lasso": N("Action", "Lasso"),
    "bucket": N("Action", "Bucket"),
    "polygon": N("Action", "Polygon"),
    "rectangle": N("Action", "Rectangle"),
    "oriented rectangle": N("Action", "Rectangle at an angle"),
    "circle": N("Action", "Circle"),
    "line": N("Action", "Line"),
    "point": N("Action", "Point"),
    "wand": N("Action", "Magic wand"),
    "scissors": N("Action", "Intelligent scissors"),
    "grabcut": N("Action", "GrabCut"),
    "superpixel": N("Action", "Superpixel brush"),
    "watershed": N("Action", "Watershed"),
    "ai": N("Action", "AI clicks and boxes"),
    "accept": N("Action", "Take the prediction"),
    "threshold": N("Action", "Threshold of the heat"),
    "ruler": N("Action", "Ruler"),
}

TOOLS = tuple(
    Action(kind.name, TOOL_WORDS[kind.name], kind.key, "", "Tools", kind.name, tool=True)
    for group in GROUPS
    for kind in group
)

# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("open", N("Action", "Open"), "Ctrl+O", "open.choose_folder", "File", "open"),
    Action("save", N("Action", "Save"), "Ctrl+S", "save.save_now", "File", "save", lambda s: s.dirty),
    Action("save_as", N("Action", "Save as…"), "Ctrl+Shift+S", "save_as.ask", "File", "", _writable),
    Action("import", N("Action", "Import…"), "Ctrl+I", "intake.choose", "File", "import"),
    Action("export", N("Action", "Export…"), "Ctrl+E", "export.choose", "File", "export", _project),
    Action("labelme", N("Action", "Open in labelme"), "Ctrl+Shift+L", "labelme.open", "File", "", _image),
    Action("recover", N("Action", "Recover unsaved labels…"), "Ctrl+Alt+Z", "journal.look", "File", "", _project),
    Action("quit", N("Action", "Quit"), "Ctrl+Q", "window.close", "File"),
    Action("undo", N("Action", "Undo"), "Ctrl+Z", "annotate.undo", "Edit", "undo", _can_undo),
    Action("redo", N("Action", "Redo"), "Ctrl+Y, Ctrl+Shift+Z", "annotate.redo", "Edit", "redo", _can_redo),
    Action("done", N("Action", "Mark as done"), "Ctrl+Return", "annotate.toggle_done", "Edit", "done", _writable),
    Action("add_class", N("Action", "Add class…"), "Ctrl+Shift+N", "classes.ask_add", "Edit", "add", _project),
    Action("swap_class", N("Action", "Last class"), "X", "annotate.swap_class", "Edit", "", _project),
    Action("lint", N("Action", "Check labels…"), "F8", "lint.check", "Edit", "", _project),
    Action("shortcuts", N("Action", "Shortcuts…"), "Ctrl+,", "keys.edit", "Edit"),

    Action("cut", N("Action", "Cut"), "Ctrl+X", "objects.cut", "Object", "", _selected),
    Action("copy", N("Action", "Copy"), "Ctrl+C", "objects.copy", "Object", "", _selected),
    Action("paste", N("Action", "Paste"), "Ctrl+V", "objects.paste", "Object", "", _writable),
    Action("paste_previous", N("Action", "Paste all of the image before"), "Ctrl+Shift+V",
           "objects.paste_previous", "Object", "", _writable),
    Action("duplicate", N("Action", "Duplicate"), "Ctrl+D", "objects.duplicate", "Object", "", _selected),
    Action("delete", N("Action", "Delete"), "Ctrl+Delete", "objects.delete", "Object", "", _selected),
    Action("select_all", N("Action", "Select all"), "Ctrl+A", "marking.select_all", "Object", "", _writable),
    Action("select_none", N("Action", "Select none"), "Ctrl+Shift+A", "marking.select_none", "Object", "", _selected),
    Action("set_class", N("Action", "Give the class in hand"), "Ctrl+R", "objects.set_class", "Object", "", _selected),
    Action("group", N("Action", "Group"), "Ctrl+G", "objects.group", "Object", "", _several),
    Action("ungroup", N("Action", "Ungroup"), "Ctrl+Shift+G", "objects.ungroup", "Object", "", _selected),
    Action("front", N("Action", "To front"), "Ctrl+Shift+]", "stacking.front", "Object/Order", "", _selected),
    Action("forward", N("Action", "Forward"), "Ctrl+]", "stacking.forward", "Object/Order", "", _selected),
    Action("backward", N("Action", "Backward"), "Ctrl+[", "stacking.backward", "Object/Order", "", _selected),
    Action("back", N("Action", "To back"), "Ctrl+Shift+[", "stacking.back", "Object/Order", "", _selected),
    Action("union", N("Action", "Union"), "Ctrl+Alt+U", "reshape.union", "Object/Combine", "", _several),
    Action("subtract", N("Action", "Subtract upper objects from the lowest"), "Ctrl+Alt+S",
           "reshape.subtract", "Object/Combine", "", _several),
    Action("intersect", N("Action", "Intersect"), "Ctrl+Alt+I", "reshape.intersect", "Object/Combine", "", _several),
    Action("to_polygon", N("Action", "To polygon"), "Ctrl+Alt+P", "reshape.to_polygon", "Object/Shape", "", _selected),
    Action("to_mask", N("Action", "To mask"), "Ctrl+Alt+M", "reshape.to_mask", "Object/Shape", "", _selected),
    Action("fill_holes", N("Action", "Fill holes"), "Ctrl+Alt+H", "reshape.fill_holes", "Object/Shape", "", _selected),
    Action("grow", N("Action", "Grow"), "Ctrl+Alt+=", "reshape.grow", "Object/Shape", "", _selected),
    Action("shrink", N("Action", "Shrink"), "Ctrl+Alt+-", "reshape.shrink", "Object/Shape", "", _selected),
    Action("smooth", N("Action", "Smooth"), "Ctrl+Alt+O", "reshape.smooth", "Object/Shape", "", _selected),
    Action("open_shape", N("Action", "Open: take thin parts away"), "Ctrl+Alt+E", "reshape.open",
           "Object/Shape", "", _selected),
    Action("close_shape", N("Action", "Close: fill thin gaps"), "Ctrl+Alt+J", "reshape.close",
           "Object/Shape", "", _selected),
    Action("largest", N("Action", "Keep the largest part"), "Ctrl+Alt+G", "reshape.largest",
           "Object/Parts", "", _selected),
    Action("small", N("Action", "Remove small parts"), "Ctrl+Alt+R", "reshape.remove_small",
           "Object/Parts", "", _selected),
    Action("parts", N("Action", "Split into connected parts"), "Ctrl+Alt+K", "reshape.split_parts", "Object/Parts", "",
           _selected),
    Action("lock", N("Action", "Lock or unlock"), "Ctrl+Alt+L", "marking.toggle_lock", "Object", "", _selected),
    Action("hide", N("Action", "Hide"), "Ctrl+H", "marking.hide", "Object", "", _selected),
    Action("solo", N("Action", "Show only these"), "Ctrl+Alt+V", "marking.solo", "Object", "", _selected),
    Action("show_all", N("Action", "Show and unlock all objects"), "Ctrl+Shift+H", "marking.show_all", "Object", "",
           _image),

    *TOOLS,
    Action("larger", N("Action", "Larger brush"), "]", "annotate.larger", "Tools"),
    Action("smaller", N("Action", "Smaller brush"), "[", "annotate.smaller", "Tools"),
    Action("square_tip", N("Action", "Round or square tip"), "Shift+B", "annotate.toggle_square", "Tools"),
    Action("mode", N("Action", "Paint classes or objects"), "Shift+O", "annotate.toggle_mode", "Tools/Painting rules"),
    Action("over_all", N("Action", "Paint over everything"), "Alt+1", "annotate.over_everything",
           "Tools/Painting rules"),
    Action("over_unlabelled", N("Action", "Paint over what has no label"), "Alt+2", "annotate.over_unlabelled",
           "Tools/Painting rules"),
    Action("over_class", N("Action", "Paint only over the class under the pointer"), "Alt+3", "annotate.over_class",
           "Tools/Painting rules", "", _writable),
    Action("in_selection", N("Action", "Paint only inside the selection"), "Alt+4", "annotate.toggle_in_selection",
           "Tools/Painting rules"),
    Action("same_object", N("Action", "Go on with the same object"), "Alt+5", "annotate.toggle_same_object",
           "Tools/Painting rules"),
    Action("snap", N("Action", "Snap to neighbours"), "Shift+N", "annotate.toggle_snap", "Tools"),
    Action("lock_class", N("Action", "Lock or unlock the class in hand"), "Shift+K", "classes.toggle_lock_in_hand",
           "Tools/Painting rules", "", _project),

    Action("previous", N("Action", "Previous image"), "A", "open.previous", "View", "previous", _project),
    Action("next", N("Action", "Next image"), "D", "open.next", "View", "next", _project),
    Action("filter", N("Action", "Filter images"), "Ctrl+L", "images.focus_filter", "View", "", _project),
    Action("fit", N("Action", "Fit to window"), "Ctrl+F, Home", "canvas.fit", "View", "fit", _image),
    Action("one_to_one", N("Action", "Actual size"), "Ctrl+0", "canvas.one_to_one", "View", "", _image),
    Action("zoom_in", N("Action", "Zoom in"), "Ctrl++, Ctrl+=", "seeing.zoom_in", "View", "", _image),
    Action("zoom_out", N("Action", "Zoom out"), "Ctrl+-", "seeing.zoom_out", "View", "", _image),
    Action("toggle_labels", N("Action", "Labels"), "Shift+1", "seeing.toggle_labels", "View/Labels", "", _image),
    Action("toggle_prediction", N("Action", "Prediction"), "Shift+2", "seeing.toggle_prediction", "View/Labels", "",
           _image),
    Action("toggle_heat", N("Action", "Heat"), "Shift+3", "seeing.toggle_heat", "View/Labels", "", _image),
    Action("toggle_errors", N("Action", "Errors"), "Shift+4", "seeing.toggle_errors", "View/Labels", "", _image),
    Action("stronger", N("Action", "Labels stronger"), "Shift+5", "seeing.stronger", "View/Labels", "", _image),
    Action("weaker", N("Action", "Labels weaker"), "Shift+6", "seeing.weaker", "View/Labels", "", _image),
    Action("hide_class", N("Action", "Hide or show the class in hand"), "Alt+H", "classes.toggle_visible_in_hand",
           "View/Labels", "", _project),
    Action("style", N("Action", "Fill, outline or both"), "O", "seeing.next_style", "View/Labels", "", _image),
    Action("solo_class", N("Action", "Show only the class in hand"), "Shift+V", "classes.toggle_solo_in_hand",
           "View/Labels", "", _project),
    Action("palette", N("Action", "Colours for colour-blind eyes"), "Ctrl+Alt+C", "seeing.toggle_palette",
           "View/Labels"),
    Action("swipe", N("Action", "Swipe: labels against prediction"), "Y", "seeing.swipe", "View/Compare", "",
           _prediction),
    Action("side", N("Action", "Labels and prediction side by side"), "Shift+Y", "seeing.side_by_side",
           "View/Compare", "", _prediction),
    Action("crosshair", N("Action", "Cross-hair"), "Ctrl+Shift+C", "seeing.toggle_crosshair", "View/Aids"),
    Action("grid", N("Action", "Pixel grid above 800 %"), "Ctrl+'", "seeing.toggle_grid", "View/Aids"),
    Action("navigator", N("Action", "Navigator"), "Ctrl+Shift+M", "seeing.toggle_navigator", "View/Aids"),
    Action("plain", N("Action", "Brightness and contrast as in the file"), "Ctrl+Alt+0", "showing.reset",
           "View/Aids"),
    Action("annotate_space", N("Action", "Workspace: annotate"), "Ctrl+1", "spaces.annotate", "View/Workspace"),
    Action("train_space", N("Action", "Workspace: train"), "Ctrl+2", "spaces.train", "View/Workspace"),
    Action("review_space", N("Action", "Workspace: review"), "Ctrl+3", "spaces.review", "View/Workspace"),

    Action("train", N("Action", "Train"), "F5", "train.start", "Model", "train", _can_train),
    Action("pause", N("Action", "Pause or go on"), "Ctrl+F5", "train.pause", "Model", "pause", lambda s: s.training),
    Action("stop", N("Action", "Stop"), "Shift+F5", "train.stop", "Model", "stop", lambda s: s.training),
    Action("resume", N("Action", "Resume the last run…"), "Ctrl+Alt+F5", "runs.resume_newest", "Model", "",
           _can_train),
    Action("fine_tune", N("Action", "Fine-tune from…"), "Ctrl+Shift+F5", "runs.fine_tune", "Model", "", _can_train),
    Action("onnx", N("Action", "Export the model as ONNX…"), "Ctrl+Alt+Shift+E", "export_model.export_used",
           "Model", "", _project),
    Action("predict", N("Action", "Predict"), "F6", "predict.predict", "Model", "predict", _image),
    Action("predict_all", N("Action", "Predict all images"), "Shift+F6", "survey.start", "Model", "", _project),
    Action("accept_class", N("Action", "Take the class in hand from the prediction"), "Ctrl+T", "accept.take_class",
           "Model", "", _predicted),
    Action("accept_all", N("Action", "Take the whole prediction"), "Ctrl+Shift+T", "accept.take_all", "Model", "",
           _predicted),
    Action("reject_class", N("Action", "Reject the class in hand"), "Ctrl+Alt+T", "accept.reject_class", "Model", "",
           _predicted),
    Action("reject_all", N("Action", "Reject the whole prediction"), "Ctrl+Alt+Shift+T", "accept.reject_all",
           "Model", "", _predicted),

    Action("commands", N("Action", "Find a command…"), "Ctrl+K", "keys.palette", "Help"),
    Action("keys", N("Action", "Keys of the moment"), "F1, ?", "keys.show", "Help"),
)
# fmt: on
TIPS = {
    "open": N("Action", "Open a folder of images"),
    "import": N("Action", "Bring in a data set: COCO, VOC, labelme, CVAT, YOLO, masks and others"),
    "export": N("Action", "Write VOC label PNGs, COCO, labelme, masks or YOLO"),
    "labelme": N("Action", "Open this image in labelme and take back what it saves"),
    "lint": N("Action", "Look for likely mistakes in the labels"),
    "train": N("Action", "Train a model on the labelled images"),
    "pause": N("Action", "Let the training stand still, or go on"),
    "stop": N("Action", "End the training and keep what it has learnt"),
    "predict": N("Action", "Show what the newest model says of this image"),
    "predict_all": N("Action", "Let the newest model judge every image, to sort them by mIoU and uncertainty"),
    "accept": N("Action", "Take the prediction by brush, lasso or click"),
    "threshold": N("Action", "Make labels of what is hot enough"),
}
