"""How image and labels are shown: zoom, layers, colours, comparison, brightness and contrast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from segstudio.app.display import Display
from segstudio.app.latest_only import LatestOnly, WhenBusy
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

_ZOOM_STEP = 1.25
_OPACITY_STEP = 0.1
_STYLES = (FILL, OUTLINE, BOTH)


class ViewFeature(Feature):
    """Everything here changes the view only; a model sees the image as it is in the file."""

    def __init__(self, context: FeatureContext, canvas: Canvas) -> None:
        super().__init__(context)
        self._canvas = canvas
        self._levels = LatestOnly(self.jobs.start, self._show_levels, when_busy=WhenBusy.FINISH)
        self.state.image_changed.connect(self._on_image)

    def actions(self) -> tuple[Action, ...]:
        image = partial(Action, menu="View", refusal=self.refuse.no_image)
        compare = partial(Action, menu="View/Compare", refusal=self.refuse.no_prediction)
        aid = partial(Action, menu="View/Aids")
        zoom, swipe, side = self._canvas.zoom, partial(self.compare, SWIPE), partial(self.compare, SIDE_BY_SIDE)
        reset = partial(self.set_display, Display())
        return (
            image("fit", self.tr("Fit to window"), "Ctrl+F, Home", self._canvas.fit, icon="fit"),
            image("one_to_one", self.tr("Actual size"), "Ctrl+0", self._canvas.one_to_one),
            image("zoom_in", self.tr("Zoom in"), "Ctrl++, Ctrl+=", partial(zoom, _ZOOM_STEP)),
            image("zoom_out", self.tr("Zoom out"), "Ctrl+-", partial(zoom, 1 / _ZOOM_STEP)),
            *self._layer_actions(),
            compare("swipe", self.tr("Swipe: labels against prediction"), "Y", swipe),
            compare("side", self.tr("Labels and prediction side by side"), "Shift+Y", side),
            aid("crosshair", self.tr("Crosshair"), "Ctrl+Shift+C", partial(self.toggle, "crosshair")),
            aid("grid", self.tr("Pixel grid above 800 %"), "Ctrl+'", partial(self.toggle, "pixel_grid")),
            aid("navigator", self.tr("Navigator"), "Ctrl+Shift+M", partial(self.toggle, "navigator")),
            aid("plain", self.tr("Reset brightness and contrast"), "Ctrl+Alt+0", reset),
        )

    def _layer_actions(self) -> tuple[Action, ...]:
        layer = partial(Action, menu="View/Labels", refusal=self.refuse.no_image)
        toggle, probability_map = self.toggle_layer, self.tr("Probability map")
        palette = self.tr("Colour-blind safe colours")
        return (
            layer("toggle_labels", self.tr("Labels"), "Shift+1", partial(toggle, LABELS)),
            layer("toggle_prediction", self.tr("Prediction"), "Shift+2", partial(toggle, PREDICTION)),
            layer("toggle_probability_map", probability_map, "Shift+3", partial(toggle, PROBABILITY_MAP)),
            layer("toggle_errors", self.tr("Errors"), "Shift+4", partial(toggle, ERRORS)),
            layer("stronger", self.tr("Increase label opacity"), "Shift+5", partial(self.fade, _OPACITY_STEP)),
            layer("weaker", self.tr("Decrease label opacity"), "Shift+6", partial(self.fade, -_OPACITY_STEP)),
            layer("style", self.tr("Fill, outline or both"), "O", self.next_style),
            Action("palette", palette, "Ctrl+Alt+C", self.toggle_palette, "View/Labels"),
        )

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

    def toggle(self, name: str) -> None:
        """Switch a field of Layers that is on or off."""
        layers = self.state.layers
        self.state.set_layers(replace(layers, **{name: not getattr(layers, name)}))  # type: ignore[arg-type]

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
