"""AI masks: the model in use, images encoded ahead, and weights fetched only when the user says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from segstudio.app.open_image import OpenImage
from segstudio.assist.assistant import Assistant, Image, Seen
from segstudio.assist.weights import MODELS, MissingWeightsError, check, download
from segstudio.core.box import Box
from segstudio.core.geometry import Point
from segstudio.core.raster import Patch
from segstudio.errors import SegstudioError
from segstudio.events import Progress
from segstudio.ui.jobs import Job
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session
from segstudio.ui.settings import Settings

_REMEMBERED = 8  # fewer than the assistant keeps, so that what is said to be done is at hand


class ImageSegmenter:
    """The assistant, asked about one image."""

    def __init__(self, assistant: Assistant, model: str, image: OpenImage) -> None:
        self._assistant = assistant
        self.model = model
        self.key = f"{image.item.image} {image.file_stamp} {image.window}"
        height, width = image.levels[0].shape[:2]
        self._seen = Seen(self.key, (height, width), lambda: rgb_of(image))

    def encode(self) -> None:
        self._assistant.encode(self.model, self._seen)

    def segment(self, points: Sequence[Point], positive: Sequence[bool], box: Box | None) -> Patch:
        clicks = list(zip(points, positive, strict=True))
        return self._assistant.segment(self.model, self._seen, clicks, box)


def rgb_of(image: OpenImage) -> Image:
    """(H, W, 3) RGB of an image's finest level, which is BGRA, or RGB where it is huge."""
    level = image.levels[0]
    return level if level.shape[2] == 3 else np.ascontiguousarray(level[:, :, 2::-1])


class AssistFlow(QObject):
    """While the AI tool is in hand, the open image and then its neighbours are encoded in the background."""

    def __init__(self, session: Session, messages: MessageBar, settings: Settings, window: QWidget) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages
        self._settings = settings
        self._assistant = Assistant()
        self._job: Job | None = None
        self._download: Job | None = None
        self._told = self._missing = ""
        self._neighbours: tuple[OpenImage, ...] = ()
        self._done: set[tuple[str, str]] = set()
        session.image_changed.connect(self._on_image)
        session.choice_changed.connect(self._ahead)
        self._on_image()

    @property
    def model(self) -> str:
        names = [name for name, _ in MODELS]
        return self._settings.assist_model if self._settings.assist_model in names else names[0]

    def choose_model(self, name: str) -> None:
        self._settings.assist_model = name
        self._told = ""
        self._on_image()

    def explain(self, error: SegstudioError) -> bool:
        """Missing weights: say which file goes where, and offer to fetch them. Whether it was that."""
        if not isinstance(error, MissingWeightsError):
            return False
        listed = "\n".join(f"{file.url}\n{file.path}" for file in error.files)
        self._missing = str(error)
        self._messages.warn(
            self._missing,
            Remedy(self.tr("Download"), lambda: self.fetch(error.name)),
            Remedy(self.tr("Copy addresses"), lambda: QGuiApplication.clipboard().setText(listed)),
        )
        return True

    def fetch(self, name: str) -> None:
        """The user said so: download the weights."""
        if self._download is not None:
            return

        def on_event(event: Progress) -> None:
            size = (
                f"{event.done / 1e6:.0f} of {event.total / 1e6:.0f} MB" if event.total else f"{event.done / 1e6:.0f} MB"
            )
            text = self.tr("Fetching {}: {}").format(event.text, size)
            self._messages.tell(text, Remedy(self.tr("Stop"), self._stop))

        def on_end() -> None:
            self._download = None
            self._told = ""
            self._ahead()

        self._download = self._session.jobs.start(lambda: download(name), on_event, on_end)

    def encode_ahead(self, neighbours: Sequence[OpenImage]) -> None:
        """Neighbours are at hand: let the model look at them too, if the tool is in use."""
        self._neighbours = tuple(neighbours)
        self._ahead()

    def _stop(self) -> None:
        if self._download is not None:
            self._download.stop()

    def _on_image(self) -> None:
        image = self._session.image
        self._neighbours = ()
        if len(self._done) > _REMEMBERED:
            self._done.clear()
        self._session.sight.segmenter = None if image is None else ImageSegmenter(self._assistant, self.model, image)
        self._ahead()

    def _ahead(self) -> None:
        """One image at a time, the open one first; then whatever is wanted by then."""
        image = self._session.image
        if self._session.tool.name != "ai" or image is None or self._job is not None:
            return
        wanted = [ImageSegmenter(self._assistant, self.model, each) for each in (image, *self._neighbours)]
        segmenter = next((each for each in wanted if (each.model, each.key) not in self._done), None)
        if segmenter is None:
            return
        mark = segmenter.model, segmenter.key

        def events() -> Iterator[tuple[str, str]]:
            check(segmenter.model)
            segmenter.encode()
            yield mark

        def on_end() -> None:
            self._job = None
            if mark in self._done:
                self._messages.dismiss(self._missing)
                self._ahead()

        self._job = self._session.jobs.start(events, self._done.add, on_end, quiet=True)
        self._job.failed.connect(self._on_failure)

    def _on_failure(self, error: SegstudioError) -> None:
        """Said once for each model."""
        if self._told != str(error):
            self._told = str(error)
            if not self.explain(error):
                self._messages.warn(str(error))
