"""Curves of a training: loss, held-out mIoU, and IoU of each class, over steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import pyqtgraph
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

LOSS, MIOU = "#d97706", "#2563eb"
RUNS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#65a30d", "#0891b2", "#b91c1c")
_REDRAW_MS = 400
_MOST_POINTS = 2000
_MOST_NAMED = 6


class Curves(QWidget):
    """Points come one by one; they are drawn a few times a second."""

    def __init__(self) -> None:
        super().__init__()
        translate = QCoreApplication.translate
        self._loss = make_plot(translate("Curves", "loss"))
        self._miou = make_plot(translate("Curves", "held-out mIoU"))
        self._classes = make_plot(translate("Curves", "IoU of each class"))
        for plot in (self._miou, self._classes):
            plot.setYRange(0, 1)
            plot.getAxis("left").setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for plot in (self._loss, self._miou, self._classes):
            layout.addWidget(plot, 1)
        self._loss_curve, self._miou_curve = add_curve(self._loss, LOSS), add_curve(self._miou, MIOU)
        self._class_curves: dict[str, pyqtgraph.PlotDataItem] = {}
        self._points: dict[str, list[tuple[int, float]]] = {"": [], "miou": []}
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)

    def clear(self) -> None:
        for curve in self._class_curves.values():
            self._classes.removeItem(curve)
        self._class_curves.clear()
        self._classes.setTitle(QCoreApplication.translate("Curves", "IoU of each class"), size="9pt")
        self._points = {"": [], "miou": []}
        self._draw()

    def add_loss(self, step: int, loss: float) -> None:
        points = self._points[""]
        points.append((step, loss))
        if len(points) > _MOST_POINTS:  # every other of the older half: a long run stays cheap to draw
            half = len(points) // 2
            self._points[""] = points[:half:2] + points[half:]
        self._later()

    def add_scores(self, step: int, miou: float, classes: Sequence[tuple[str, QColor, float]]) -> None:
        """NaN leaves a gap."""
        if not math.isnan(miou):
            self._points["miou"].append((step, miou))
        for name, colour, iou in classes:
            if name not in self._class_curves:
                self._class_curves[name] = add_curve(self._classes, readable(colour).name(), name)
                self._name_classes()
                self._points[f"class {name}"] = []
            if not math.isnan(iou):
                self._points[f"class {name}"].append((step, iou))
        self._later()

    def _name_classes(self) -> None:
        """The title is the legend: each class in the colour of its curve, as many as there is room for."""
        shown = list(self._class_curves.items())[:_MOST_NAMED]
        names = [f'<span style="color:{curve.opts["symbolBrush"]}">{escape(name)}</span>' for name, curve in shown]
        more = " …" if len(self._class_curves) > len(shown) else ""
        self._classes.setTitle("IoU  " + ", ".join(names) + more, size="9pt")

    def retheme(self) -> None:
        for plot in (self._loss, self._miou, self._classes):
            theme_plot(plot)

    def _later(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        set_points(self._loss_curve, self._points[""])
        set_points(self._miou_curve, self._points["miou"])
        for name, curve in self._class_curves.items():
            set_points(curve, self._points[f"class {name}"])


def readable(colour: QColor) -> QColor:
    """A class's colour, made lighter or darker where it would vanish on the ground of the plot."""
    ground = QGuiApplication.palette().color(QPalette.ColorRole.Base).lightnessF()
    hue, saturation, light = colour.hslHueF(), colour.hslSaturationF(), colour.lightnessF()
    if ground < 0.5 and light < 0.55:
        light = 0.55
    elif ground >= 0.5 and light > 0.6:
        light = 0.5
    return QColor.fromHslF(max(0.0, hue), saturation, light)


def make_plot(title: str) -> pyqtgraph.PlotWidget:
    plot = pyqtgraph.PlotWidget()
    plot.setTitle(title, size="9pt")
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setMinimumHeight(80)
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # all three share the room there is
    plot.setAccessibleName(title)
    plot.getAxis("left").setTickDensity(0.5)  # the panel is low; numbers may not run into each other
    plot.getAxis("left").setWidth(34)
    return plot


def add_curve(plot: pyqtgraph.PlotWidget, colour: str, name: str = "") -> pyqtgraph.PlotDataItem:
    return plot.plot(
        pen=pyqtgraph.mkPen(colour, width=2),
        symbol="o",
        symbolSize=3,
        symbolPen=None,
        symbolBrush=colour,
        name=name or None,
    )


def set_points(curve: pyqtgraph.PlotDataItem, points: Sequence[tuple[float, float]]) -> None:
    curve.setData([x for x, _ in points], [y for _, y in points])


def theme_plot(plot: Any) -> None:
    """On the ground of the palette."""
    palette = QGuiApplication.palette()  # a widget's own is still the old one when the theme changes
    plot.setBackground(palette.color(QPalette.ColorRole.Base))
    for name in ("left", "bottom"):
        pen = palette.color(QPalette.ColorRole.PlaceholderText)
        plot.getAxis(name).setPen(pen)
        plot.getAxis(name).setTextPen(pen)
