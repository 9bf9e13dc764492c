"""How image and labels are shown: zoom, layers, colours, comparison, brightness and contrast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from segstudio.app.display import Display
from segstudio.app.layers import (
    BOTH,
    ERRORS,
    FILL,
    LABELS,
    NO_COMPARE,
    OUTLINE,
    OWN_COLOURS,
    PREDICTION,
    PROBABILITY_MAP,
    SAFE_COLOURS,
    SIDE_BY_SIDE,
    SWIPE,
)
from segstudio.core.pyramid import Levels, build_pyramid
from segstudio.ui.actions import Action
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.jobs import LatestOnly

_ZOOM_STEP = 1.25
_OPACITY_STEP = 0.1
_STYLES = (FILL, OUTLINE, BOTH)


class ViewFeature(Feature):
    """Everything here changes the view only; a model sees the image as it is in the file."""

    def __init__(self, context: FeatureContext, canvas: Canvas) -> None:
        super().__init__(context)
        self._canvas = canvas
        self._levels = LatestOnly(self.jobs.start, self._show_levels)
        self.state.image_changed.connect(self._on_image)

    def actions(self) -> tuple[Action, ...]:
        image, prediction = self.refuse.no_image, self.refuse.no_prediction
        labels, compare, aids = "View/Labels", "View/Compare", "View/Aids"
        return (
            Action("fit", self.tr("Fit to window"), "Ctrl+F, Home", self._canvas.fit, "View", "fit", refusal=image),
            Action(
                "one_to_one", self.tr("Actual size"), "Ctrl+0", self._canvas.one_to_one, "View", refusal=image
            ),
            Action(
                "zoom_in", self.tr("Zoom in"), "Ctrl++, Ctrl+=", lambda: self._canvas.zoom(_ZOOM_STEP), "View",
                refusal=image,
            ),
            Action(
                "zoom_out", self.tr("Zoom out"), "Ctrl+-", lambda: self._canvas.zoom(1 / _ZOOM_STEP), "View",
                refusal=image,
            ),
            Action(
                "toggle_labels", self.tr("Labels"), "Shift+1", lambda: self.toggle_layer(LABELS), labels,
                refusal=image,
            ),
            Action(
                "toggle_prediction", self.tr("Prediction"), "Shift+2", lambda: self.toggle_layer(PREDICTION), labels,
                refusal=image,
            ),
            Action(
                "toggle_probability_map", self.tr("Probability map"), "Shift+3",
                lambda: self.toggle_layer(PROBABILITY_MAP), labels, refusal=image,
            ),
            Action(
                "toggle_errors", self.tr("Errors"), "Shift+4", lambda: self.toggle_layer(ERRORS), labels,
                refusal=image,
            ),
            Action(
                "stronger", self.tr("Increase label opacity"), "Shift+5", lambda: self.fade(_OPACITY_STEP), labels,
                refusal=image,
            ),
            Action(
                "weaker", self.tr("Decrease label opacity"), "Shift+6", lambda: self.fade(-_OPACITY_STEP), labels,
                refusal=image,
            ),
            Action("style", self.tr("Fill, outline or both"), "O", self.next_style, labels, refusal=image),
            Action("palette", self.tr("Colour-blind safe colours"), "Ctrl+Alt+C", self.toggle_palette, labels),
            Action(
                "swipe", self.tr("Swipe: labels against prediction"), "Y", lambda: self.compare(SWIPE), compare,
                refusal=prediction,
            ),
            Action(
                "side", self.tr("Labels and prediction side by side"), "Shift+Y",
                lambda: self.compare(SIDE_BY_SIDE), compare, refusal=prediction,
            ),
            Action("crosshair", self.tr("Crosshair"), "Ctrl+Shift+C", self.toggle_crosshair, aids),
            Action("grid", self.tr("Pixel grid above 800 %"), "Ctrl+'", self.toggle_grid, aids),
            Action("navigator", self.tr("Navigator"), "Ctrl+Shift+M", self.toggle_navigator, aids),
            Action(
                "plain", self.tr("Reset brightness and contrast"), "Ctrl+Alt+0",
                lambda: self.set_display(Display()), aids,
            ),
        )  # fmt: skip

    def toggle_layer(self, name: str) -> None:
        layers = self.state.layers
        self.state.set_layers(layers.with_layer(name, visible=not layers.named(name).visible))

    def fade(self, by: float) -> None:
        """Change the opacity of the labels."""
        layers = self.state.layers
        self.state.set_layers(layers.with_layer(LABELS, opacity=layers.labels.opacity + by))

    def next_style(self) -> None:
        """Fill, outline, both, fill …"""
        layers = self.state.layers
        self.state.set_layers(replace(layers, style=_STYLES[(_STYLES.index(layers.style) + 1) % len(_STYLES)]))

    def toggle_palette(self) -> None:
        layers = self.state.layers
        self.state.set_layers(replace(layers, palette=SAFE_COLOURS if layers.palette == OWN_COLOURS else OWN_COLOURS))

    def compare(self, how: str) -> None:
        """Compare labels and prediction by SWIPE or SIDE_BY_SIDE; the same once more ends it."""
        layers = self.state.layers
        self.state.set_layers(replace(layers, compare=NO_COMPARE if layers.compare == how else how))

    def toggle_crosshair(self) -> None:
        self.state.set_layers(replace(self.state.layers, crosshair=not self.state.layers.crosshair))

    def toggle_grid(self) -> None:
        self.state.set_layers(replace(self.state.layers, pixel_grid=not self.state.layers.pixel_grid))

    def toggle_navigator(self) -> None:
        self.state.set_layers(replace(self.state.layers, navigator=not self.state.layers.navigator))

    def set_display(self, display: Display) -> None:
        """Brightness, contrast and gamma at once; another window of values in the background."""
        self.state.set_layers(replace(self.state.layers, display=display))
        image, window = self.state.image, display.window
        if image is None or image.window == window:
            self._levels.cancel()
            return

        def events() -> Iterator[tuple[object, Levels, tuple[int, int] | None]]:
            yield image, build_pyramid(image.pixels, window), window

        self._levels.request(events)

    def _show_levels(self, result: tuple[object, Levels, tuple[int, int] | None]) -> None:
        image, levels, window = result
        if self.state.image is image:
            self.state.set_levels(levels, window)

    def _on_image(self) -> None:
        """A window of values belongs to one image; brightness, contrast and gamma stay."""
        display, image = self.state.layers.display, self.state.image
        if image is not None and display.window != image.window:
            self.state.set_layers(replace(self.state.layers, display=replace(display, window=image.window)))
