"""Opening: a folder, an image in it, the one before and the one after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from segstudio.app.open_image import OpenImage, read_open_image
from segstudio.core.metrics import Confusion
from segstudio.errors import ProjectError, SegstudioError
from segstudio.formats.images import SUFFIXES
from segstudio.project.index import Index, scan
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project, open_project
from segstudio.project.runs import run_names
from segstudio.ui.features.save import SaveFlow
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings

_CHUNK = 500

Scores = tuple[str, dict[str, Confusion], dict[str, float]]


def list_items(project: Project) -> Iterator[list[Item]]:
    """In chunks that grow, as the list is rebuilt for each."""
    items, size = project.items(), _CHUNK
    while chunk := list(islice(items, size)):
        yield chunk
        size *= 4


def read_states(project: Project, items: list[Item]) -> Iterator[list[ItemState] | Scores]:
    """States in batches, then the figures of the newest run."""
    held: list[ItemState] = []
    size = _CHUNK
    for event in scan(project, items):
        if isinstance(event, ItemState):
            held.append(event)
        elif len(held) >= size:  # every batch is counted over the whole list, so batches grow
            yield held
            held, size = [], size * 4
    yield held
    runs = run_names(project)
    if runs:
        with Index(project.index_file) as index:
            yield runs[-1], index.matrices(runs[-1], project.table.names), index.uncertainties(runs[-1])


class OpenFlow(QObject):
    """`order` gives the names that the list shows, for walking."""

    listed = Signal()  # all images of the project are known

    def __init__(
        self, session: Session, saving: SaveFlow, messages: MessageBar, settings: Settings, window: QWidget
    ) -> None:
        super().__init__(session)
        self._session = session
        self._saving = saving
        self._messages = messages
        self._settings = settings
        self._window = window
        self._wanted = ""  # being loaded
        self._last = ""  # asked for last, even if it could not be read
        self._scanned = False
        self._select = ""
        self.ready: Callable[[Item], OpenImage | None] = lambda item: None  # read ahead
        self.order: Callable[[], list[str]] = lambda: [item.name for item in session.items]

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self._window, self.tr("Open a folder of images"), self._settings.last_folder
        )
        if chosen:
            self.open_path(Path(chosen))

    def open_path(self, path: Path, project: Path | None = None) -> None:
        """A folder, an image, or a labelme file beside its image; an image of `project` where that is given."""
        try:
            self._open(path.absolute(), project)
        except SegstudioError as error:
            self._messages.warn(str(error), Remedy(self.tr("Open another folder"), self.choose_folder))

    def open_item(self, name: str) -> None:
        """Show an image of the project; the last one asked for wins."""
        here = self._session.image
        if here is not None and here.item.name == name:
            self._wanted, self._last = "", name
            return
        item = next((item for item in self._session.items if item.name == name), None)
        if item is not None and name != self._wanted:
            self._saving.leave()
            ready = self.ready(item)
            if ready is None:
                self._load(item)
            else:
                self._wanted = self._last = item.name
                self._on_loaded(ready)

    def neighbours(self) -> list[Item]:
        """The images before and after the open one in the list, the next first."""
        names = self.order()
        if self._last not in names:
            return []
        at = names.index(self._last)
        wanted = [names[place] for place in (at + 1, at - 1) if 0 <= place < len(names)]
        found = {item.name: item for item in self._session.items if item.name in wanted}
        return [found[name] for name in wanted if name in found]

    def reload(self, item: Item) -> None:
        """Read an image again from its files, if it is the open one; another is read when it is opened."""
        image = self._session.image
        if item in self._session.items and image is not None and image.item == item:
            self._session.set_image(None)
            self._load(item)

    def rescan(self) -> None:
        """Another program has written labels: look again at what the files say."""
        if self._session.project is not None:
            self._scan(self._session.project, list(self._session.items))

    def _load(self, item: Item) -> None:
        project = self._session.project
        if project is None:
            return
        self._wanted = self._last = item.name

        def events() -> Iterator[OpenImage]:
            if self._wanted == item.name and self._session.is_current(project):
                yield read_open_image(self._session.project or project, item, self._saving.visit(item))

        job = self._session.jobs.enqueue(events, self._on_loaded)
        job.failed.connect(lambda error: self._on_unreadable(item, error))

    def next(self) -> None:
        self._walk(1)

    def previous(self) -> None:
        self._walk(-1)

    def _walk(self, step: int) -> None:
        names = self.order()
        if not names:
            return
        at = names.index(self._last) + step if self._last in names else 0
        self.open_item(names[max(0, min(len(names) - 1, at))])

    def _open(self, path: Path, of_project: Path | None = None) -> None:
        if not path.exists():
            raise ProjectError(f"{path}: there is no such file or folder; open a folder of images")
        self._select = ""
        if of_project is not None and path != of_project:
            folder, self._select = of_project, str(path)
        elif path.is_dir():
            folder = path
        elif path.suffix.lower() in SUFFIXES or path.suffix.lower() == ".json":
            folder, self._select = path.parent, str(path)
        else:
            raise ProjectError(f"{path}: is neither a folder nor an image; open a folder of images")
        project = open_project(folder)
        self._saving.leave()
        self._scanned = False
        self._settings.last_folder = str(folder)
        self._wanted = self._last = ""
        self._session.set_project(project)
        if project.notes:
            self._messages.tell("; ".join(project.notes))
        found: list[Item] = []

        def on_chunk(chunk: list[Item]) -> None:
            if self._session.is_current(project):
                found.extend(chunk)
                self._session.set_items(found)
                self._open_first()

        self._session.jobs.start(lambda: list_items(project), on_chunk, lambda: self._scan(project, found))

    def _open_first(self) -> None:
        if self._wanted or self._session.image is not None:
            return
        names = [item.name for item in self._session.items]
        chosen = [item.name for item in self._session.items if self._is_selected(item)]
        if names and (chosen or not self._select):
            self.open_item((chosen or names)[0])

    def _is_selected(self, item: Item) -> bool:
        """By its own path, or as the image of the labels that were asked for."""
        return self._select in (item.image_file, item.annotation_file) if self._select else False

    def _scan(self, project: Project, items: list[Item]) -> None:
        if self._session.is_current(project):
            self.listed.emit()
        if not items:
            remedy = Remedy(self.tr("Open another"), self.choose_folder)
            self._messages.tell(self.tr("This folder has no images."), remedy)
            return
        self._session.jobs.start(
            lambda: read_states(project, items),
            lambda event: self._on_states(project, event),
            lambda: self._add_classes(project),
        )

    def _on_states(self, project: Project, event: list[ItemState] | Scores) -> None:
        if not self._session.is_current(project):
            return
        if isinstance(event, list):
            self._session.set_states(event)
        else:
            run, matrices, self._session.uncertainties = event
            self._session.set_scores(run, matrices)

    def _add_classes(self, scanned: Project) -> None:
        """Sorted, so that classes have the same numbers here as on the command line, whatever is opened first."""
        project = self._session.project
        if project is None or not self._session.is_current(scanned):
            return
        self._scanned = True
        labels = {label for state in self._session.states.values() for label in state.labels}
        self._adopt(project, sorted(labels))
        self._session.choice_changed.emit()

    def _adopt(self, project: Project, labels: list[str]) -> None:
        """A class for each label; beyond 254 classes the rest is told, and read as ignored."""
        try:
            extended = project.with_labels(labels)
        except SegstudioError as error:
            self._messages.warn(str(error))
            return
        if extended is not project:
            self._session.update_project(extended)

    def _on_loaded(self, image: OpenImage) -> None:
        if image.item.name != self._wanted or image.item not in self._session.items:
            return  # somebody walked on meanwhile
        self._saving.leave()  # what was drawn while this one was loading
        if self._scanned and self._session.project is not None:
            self._adopt(self._session.project, sorted(image.document.annotation.labels))
        image.document.set_table(self._session.table)
        self._wanted = ""
        self._session.set_image(image)
        if image.problem:
            self._messages.warn(
                self.tr("{} It is shown without labels and is not written to.").format(_sentence(image.problem))
            )
        elif image.notes:
            self._messages.tell(f"{image.item.name}: {'; '.join(image.notes)}")

    def _on_unreadable(self, item: Item, error: SegstudioError) -> None:
        if item not in self._session.items:
            return
        if item.name == self._wanted:
            self._wanted = ""
            self._saving.leave()
            self._session.set_image(None)
        self._session.set_states([ItemState(item.name, problem=str(error))])
        self._messages.warn(str(error))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
