"""Opening: a folder, an image in it, the previous and the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog

from segstudio.app.listing import Listing
from segstudio.app.open_image import OpenImage, read_open_image
from segstudio.app.opening import RunScores, Target, list_items, read_states, resolve
from segstudio.errors import SegstudioError
from segstudio.project.item import Item, ItemState
from segstudio.project.project import Project, complete_classes, open_project
from segstudio.project.store import state_of
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.messages import Remedy


class OpenFeature(Feature):
    """Of several images asked for in quick succession only the last one is shown."""

    listed = Signal()  # all items of the project are known

    def __init__(self, context: FeatureContext, listing: Listing) -> None:
        super().__init__(context)
        self._listing = listing
        self._loading = ""  # name of the image that is being read
        self._last = ""  # asked for last, even if it could not be read
        self._scanned = False
        self._target = Target(Path())
        self.workspace.reload_needed.connect(self.reload)

    def actions(self) -> tuple[Action, ...]:
        return (
            Action(
                "open", self.tr("Open"), "Ctrl+O", self.choose_folder, "File", "open",
                tip=self.tr("Open a folder of images"),
            ),
        )  # fmt: skip

    def view_actions(self) -> tuple[Action, ...]:
        project = self.refuse.no_project
        return (
            Action("previous", self.tr("Previous image"), "A", self.previous, "View", "previous", refusal=project),
            Action("next", self.tr("Next image"), "D", self.next, "View", "next", refusal=project),
        )

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self.window, self.tr("Open a folder of images"), self.settings.last_folder
        )
        if chosen:
            self.open_path(Path(chosen))

    def open_path(self, path: Path, project: Path | None = None) -> None:
        """Open a folder, an image, or a labelme file beside its image; an image of `project` where that is given."""
        try:
            self._open(path.absolute(), project)
        except SegstudioError as error:
            self.messages.warn(str(error), Remedy(self.tr("Open another folder"), self.choose_folder))

    def open_item(self, name: str) -> None:
        """Show an image of the project."""
        here = self.state.image
        if here is not None and here.item.name == name:
            self._loading, self._last = "", name
            return
        item = next((item for item in self.state.items if item.name == name), None)
        if item is not None and name != self._loading:
            self.state.save_image()
            image = self.state.image_cache.take(item, self.workspace.kept(item))
            if image is None:
                self._load(item)
            else:
                self._loading = self._last = item.name
                self._on_loaded(image)

    def neighbours(self) -> list[Item]:
        """The items after and before the open one in the list, the next first."""
        return self._listing.neighbours(self._last)

    def previous_item(self) -> Item | None:
        """The item before the open one in the list."""
        return None if self.state.image is None else self._listing.previous(self.state.image.item.name)

    def reload(self, item: Item) -> None:
        """Read an image again from its files, if it is open; another one is read when it is opened."""
        self.state.image_cache.forget(item)
        if item in self.state.items and self.state.is_open(item):
            self.state.set_image(None)
            self.state.image_cache.forget(item)
            self._load(item)

    def rescan(self) -> None:
        """Read the item states again, because another program has written labels."""
        if self.state.project is not None:
            self._scan(self.state.project, list(self.state.items))

    def next(self) -> None:
        self._walk(1)

    def previous(self) -> None:
        self._walk(-1)

    def _walk(self, by: int) -> None:
        name = self._listing.step_from(self._last, by)
        if name is not None:
            self.open_item(name)

    def _load(self, item: Item) -> None:
        project = self.state.project
        if project is None:
            return
        self._loading = self._last = item.name

        def events() -> Iterator[OpenImage]:
            if self._loading == item.name and self.state.is_current(project):
                yield read_open_image(self.state.project or project, item, self.workspace.kept(item))

        self.jobs.enqueue(events, self._on_loaded, on_failure=lambda error: self._on_unreadable(item, error))

    def _open(self, path: Path, of_project: Path | None = None) -> None:
        self._target = resolve(path, of_project)
        project = open_project(self._target.folder)
        self._scanned = False
        self.settings.last_folder = str(project.folder)
        self._loading = self._last = ""
        self.state.set_project(project)
        if project.notes:
            self.messages.inform("; ".join(project.notes))
        found: list[Item] = []

        def on_batch(batch: list[Item]) -> None:
            if self.state.is_current(project):
                found.extend(batch)
                self.state.set_items(found)
                self._open_first()

        self.jobs.start(lambda: list_items(project), on_batch, on_end=lambda: self._scan(project, found))

    def _open_first(self) -> None:
        if self._loading or self.state.image is not None:
            return
        names = [item.name for item in self.state.items]
        chosen = [item.name for item in self.state.items if self._target.means(item)]
        if names and (chosen or not self._target.select):
            self.open_item((chosen or names)[0])

    def _scan(self, project: Project, items: list[Item]) -> None:
        if self.state.is_current(project):
            self.listed.emit()
        if not items:
            remedy = Remedy(self.tr("Open another"), self.choose_folder)
            self.messages.inform(self.tr("This folder has no images."), remedy)
            return
        self.jobs.start(
            lambda: read_states(project, items),
            lambda event: self._on_states(project, event),
            on_end=lambda: self._on_scanned(project),
        )

    def _on_states(self, project: Project, event: list[ItemState] | RunScores) -> None:
        if not self.state.is_current(project):
            return
        if isinstance(event, list):
            self.state.set_item_states(event)
        else:
            self.state.set_scores(event.run, event.matrices, event.uncertainties)

    def _on_scanned(self, scanned: Project) -> None:
        if self.state.is_current(scanned):
            self._scanned = True
            self._complete_classes(self.state.item_states.values())

    def _complete_classes(self, states: Iterable[ItemState]) -> None:
        """Beyond 254 classes the message says so, and the remaining labels are read as ignored."""
        if (project := self.state.project) is None:
            return
        try:
            completed = complete_classes(project, states)
        except SegstudioError as error:
            self.messages.warn(str(error))
            return
        if completed is not project:
            self.state.update_project(completed)

    def _on_loaded(self, image: OpenImage) -> None:
        if image.item.name != self._loading or image.item not in self.state.items:
            return  # another image was asked for meanwhile
        if self._scanned:
            self._complete_classes([state_of(image.item.name, image.document.annotation)])
        image.document.set_table(self.state.table)
        self._loading = ""
        self.state.set_image(image)
        if image.problem:
            self.messages.warn(
                self.tr("{} It is shown without labels and is not written to.").format(_sentence(image.problem))
            )
        elif image.notes:
            self.messages.inform(f"{image.item.name}: {'; '.join(image.notes)}")

    def _on_unreadable(self, item: Item, error: SegstudioError) -> None:
        if item not in self.state.items:
            return
        if item.name == self._loading:
            self._loading = ""
            self.state.set_image(None)
        self.state.set_item_states([ItemState(item.name, problem=str(error))])
        self.messages.warn(str(error))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
