"""How the image is shown: brightness, contrast and gamma at once, another window of values in the background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from PySide6.QtCore import QObject

from segstudio.app.display import Display
from segstudio.core.pyramid import Levels, levels_of
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.session import Session


class DisplayFlow(QObject):
    """View only: a model sees the image as it is."""

    def __init__(self, session: Session, canvas: Canvas) -> None:
        super().__init__(session)
        self._session = session
        self._canvas = canvas
        self._busy = False
        session.image_changed.connect(self._on_image)

    def reset(self) -> None:
        """As in the file."""
        self.set(Display())

    def set(self, display: Display) -> None:
        """Brightness, contrast and gamma at once; another window in the background."""
        self._session.layers.display = display
        self._session.layers_changed.emit()
        self._window_again()

    def _on_image(self) -> None:
        """A window belongs to one image's values; the curve stays."""
        layers, image = self._session.layers, self._session.image
        if image is not None and layers.display.window != image.window:
            layers.display = replace(layers.display, window=image.window)
            self._session.layers_changed.emit()

    def _window_again(self) -> None:
        """The newest wish wins; a result for an image left behind is dropped."""
        image, window = self._session.image, self._session.layers.display.window
        if image is None or self._busy or image.window == window:
            return
        self._busy = True

        def events() -> Iterator[Levels]:
            yield levels_of(image.pixels, window)

        def on_levels(levels: Levels) -> None:
            if self._session.image is image:
                image.set_levels(levels, window)
                self._session.sight.image = levels[0]
                self._canvas.rebuild()

        def on_end() -> None:
            self._busy = False
            self._window_again()

        self._session.jobs.start(events, on_levels, on_end)
