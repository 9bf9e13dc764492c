"""Every action as a row of data; whether it is enabled is a function of the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from segstudio.ui.icons import icon
from segstudio.ui.session import Session

Enabled = Callable[[Session], bool]


def _always(session: Session) -> bool:
    return True


def _project(session: Session) -> bool:
    return session.project is not None


def _picture(session: Session) -> bool:
    return session.picture is not None


def _writable(session: Session) -> bool:
    return session.picture is not None and not session.picture.read_only


@dataclass(frozen=True)
class Action:
    """`does` is "flow.method". `menu` is where it stands; `tool` marks one of a group that stays pressed."""

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


# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("open", N("Action", "Open"), "Ctrl+O", "open.choose_folder", "File", "open"),
    Action("save", N("Action", "Save"), "Ctrl+S", "save.save", "File", "save", lambda s: s.dirty),
    Action("import", N("Action", "Import…"), "Ctrl+I", "intake.choose", "File", "import"),
    Action("export", N("Action", "Export…"), "Ctrl+E", "export.choose", "File", "export", _project),
    Action("labelme", N("Action", "Open in labelme"), "Ctrl+Shift+L", "labelme.open", "File", "", _picture),
    Action("quit", N("Action", "Quit"), "Ctrl+Q", "window.close", "File"),
    Action("undo", N("Action", "Undo"), "Ctrl+Z", "annotate.undo", "Edit", "undo", lambda s: s.can_undo),
    Action("redo", N("Action", "Redo"), "Ctrl+Y, Ctrl+Shift+Z", "annotate.redo", "Edit", "redo", lambda s: s.can_redo),
    Action("brush", N("Action", "Brush"), "B", "annotate.brush", "Tools", "brush", tool=True),
    Action("eraser", N("Action", "Eraser"), "E", "annotate.eraser", "Tools", "eraser", tool=True),
    Action("polygon", N("Action", "Polygon"), "P", "annotate.polygon", "Tools", "polygon", tool=True),
    Action("larger", N("Action", "Larger brush"), "]", "annotate.larger", "Tools"),
    Action("smaller", N("Action", "Smaller brush"), "[", "annotate.smaller", "Tools"),
    Action("previous", N("Action", "Previous picture"), "A", "open.previous", "View", "previous", _project),
    Action("next", N("Action", "Next picture"), "D", "open.next", "View", "next", _project),
    Action("filter", N("Action", "Filter pictures"), "Ctrl+L", "pictures.focus_filter", "View", "", _project),
    Action("done", N("Action", "Mark as done"), "Ctrl+Return", "annotate.toggle_done", "Edit", "done", _writable),
    Action("fit", N("Action", "Fit to window"), "Ctrl+F, F", "canvas.fit", "View", "fit", _picture),
    Action("one_to_one", N("Action", "Actual size"), "Ctrl+0", "canvas.one_to_one", "View", "", _picture),
    Action("zoom_in", N("Action", "Zoom in"), "Ctrl++, Ctrl+=", "window.zoom_in", "View", "", _picture),
    Action("zoom_out", N("Action", "Zoom out"), "Ctrl+-", "window.zoom_out", "View", "", _picture),
    Action("add_class", N("Action", "Add class…"), "Ctrl+Shift+N", "classes.ask_add", "Edit", "add", _project),
    Action("lint", N("Action", "Check labels…"), "F8", "lint.check", "Edit", "", _project),
    Action("train", N("Action", "Train"), "F5", "train.start", "Model", "train", lambda s: s.can_train),
    Action("stop", N("Action", "Stop"), "Shift+F5", "train.stop", "Model", "stop", lambda s: s.training),
    Action("predict", N("Action", "Predict"), "F6", "predict.predict", "Model", "predict", _picture),
)
# fmt: on
TIPS = {
    "open": N("Action", "Open a folder of pictures"),
    "import": N("Action", "Bring in a data set: COCO, VOC, labelme, CVAT, YOLO, masks and others"),
    "export": N("Action", "Write VOC label PNGs, COCO, labelme, masks or YOLO"),
    "labelme": N("Action", "Open this picture in labelme and take back what it saves"),
    "lint": N("Action", "Look for likely mistakes in the labels"),
    "train": N("Action", "Train a model on the labelled pictures"),
    "stop": N("Action", "End the training and keep what it has learnt"),
    "predict": N("Action", "Show what the newest model says of this picture"),
}


def build_actions(session: Session, window: QWidget, flows: dict[str, object]) -> dict[str, QAction]:
    """A QAction for each row, wired, and kept enabled as the session says."""
    built: dict[str, QAction] = {}
    group = QActionGroup(window)
    for row in ACTIONS:
        action = QAction(row.shown, window)
        action.setObjectName(row.name)
        action.setShortcuts([QKeySequence(keys) for keys in row.keys.split(", ")])
        tip = QCoreApplication.translate("Action", TIPS.get(row.name, row.text))
        action.setToolTip(f"{tip} ({row.keys.split(', ')[0]})")
        flow, method = row.does.split(".")
        action.triggered.connect(_calling(getattr(flows[flow], method)))
        if row.tool:
            action.setCheckable(True)
            group.addAction(action)
        window.addAction(action)
        built[row.name] = action

    def refresh() -> None:
        for row in ACTIONS:
            built[row.name].setEnabled(row.enabled(session))
            if row.tool:
                built[row.name].setChecked(session.tool.name == row.name)

    for changed in (
        session.project_changed,
        session.picture_changed,
        session.edited,
        session.states_changed,
        session.training_changed,
        session.choice_changed,
    ):
        changed.connect(lambda *_: refresh())
    refresh()
    return built


def _calling(method: Callable[[], object]) -> Callable[..., None]:
    def call(*_: object) -> None:
        method()

    return call


def set_icons(actions: dict[str, QAction]) -> None:
    """In the colours of the palette of this moment."""
    for row in ACTIONS:
        if row.icon:
            actions[row.name].setIcon(icon(row.icon))
