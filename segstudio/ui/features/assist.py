"""AI masks: the model in use, encoding images ahead, and downloading weights when the user asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtGui import QGuiApplication

from segstudio.app.open_image import OpenImage
from segstudio.app.segmenter import ImageSegmenter
from segstudio.assist.assistant import Assistant
from segstudio.assist.weights import MODELS, MissingWeightsError, check_weights, download
from segstudio.errors import SegstudioError
from segstudio.events import Progress
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.jobs import Job
from segstudio.ui.messages import Remedy

_REMEMBERED = 8  # encoded images; fewer than the assistant keeps, so that those are still in its memory


class AssistFeature(Feature):
    """While the AI tool is active, the open image and then its neighbours are encoded in the background."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._assistant = Assistant()
        self._job: Job | None = None
        self._download: Job | None = None
        self._told = self._missing = ""
        self._neighbours: tuple[OpenImage, ...] = ()
        self._encoded: set[tuple[str, str]] = set()
        self.state.image_changed.connect(self._on_image)
        self.state.levels_changed.connect(self._bind)
        self.state.tool_changed.connect(self._encode_next)
        self._on_image()

    @property
    def model(self) -> str:
        names = [name for name, _ in MODELS]
        return self.settings.assist_model if self.settings.assist_model in names else names[0]

    def choose_model(self, name: str) -> None:
        self.settings.assist_model = name
        self._told = ""
        self._bind()

    def explain(self, error: SegstudioError) -> bool:
        """Missing weights: name the files and offer the download. False for any other error."""
        if not isinstance(error, MissingWeightsError):
            return False
        listed = "\n".join(f"{file.url}\n{file.path}" for file in error.files)
        self._missing = str(error)
        self.messages.warn(
            self._missing,
            Remedy(self.tr("Download"), lambda: self.download_weights(error.name)),
            Remedy(self.tr("Copy addresses"), lambda: QGuiApplication.clipboard().setText(listed)),
        )
        return True

    def download_weights(self, name: str) -> None:
        """Because the user asked for it."""
        if self._download is not None:
            return

        def on_event(event: Progress) -> None:
            size = (
                f"{event.done / 1e6:.0f} of {event.total / 1e6:.0f} MB" if event.total else f"{event.done / 1e6:.0f} MB"
            )
            text = self.tr("Downloading {}: {}").format(event.text, size)
            self.messages.inform(text, Remedy(self.tr("Stop"), self._stop))

        def on_end() -> None:
            self._download = None
            self._told = ""
            self._encode_next()

        self._download = self.jobs.start(lambda: download(name), on_event, on_end=on_end)

    def encode_ahead(self, neighbours: Sequence[OpenImage]) -> None:
        """Encode these images too, if the AI tool is active."""
        self._neighbours = tuple(neighbours)
        self._encode_next()

    def _stop(self) -> None:
        if self._download is not None:
            self._download.stop()

    def _on_image(self) -> None:
        self._neighbours = ()
        self._bind()

    def _bind(self) -> None:
        """The tool segments the open image as it is shown now, with the model in use."""
        image = self.state.image
        if len(self._encoded) > _REMEMBERED:
            self._encoded.clear()
        self.state.set_segmenter(None if image is None else ImageSegmenter(self._assistant, self.model, image))
        self._encode_next()

    def _encode_next(self) -> None:
        """One image at a time, the open one first."""
        image = self.state.image
        if not self.state.tool.info.uses_assistant or image is None or self._job is not None:
            return
        wanted = [ImageSegmenter(self._assistant, self.model, each) for each in (image, *self._neighbours)]
        segmenter = next((each for each in wanted if (each.model, each.key) not in self._encoded), None)
        if segmenter is None:
            return
        mark = segmenter.model, segmenter.key

        def events() -> Iterator[tuple[str, str]]:
            check_weights(segmenter.model)
            segmenter.encode()
            yield mark

        def on_end() -> None:
            self._job = None
            if mark in self._encoded:
                self.messages.dismiss(self._missing)
                self._encode_next()

        self._job = self.jobs.start(events, self._encoded.add, on_end=on_end, on_failure=self._on_failure)

    def _on_failure(self, error: SegstudioError) -> None:
        """Shown once for each model."""
        if self._told != str(error):
            self._told = str(error)
            if not self.explain(error):
                self.messages.warn(str(error))
