"""Training curves over steps: loss, validation mIoU and IoU of each class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pyqtgraph
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from segstudio.app.curve_points import CurvePoints
from segstudio.ui.widgets import make_column

LOSS, MIOU = "#d97706", "#2563eb"
RUNS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#65a30d", "#0891b2", "#b91c1c")
_REDRAW_MS = 400
_MAX_LEGEND = 6


class Curves(QWidget):
    """Points are added one by one and drawn a few times a second."""

    def __init__(self) -> None:
        super().__init__()
        translate = QCoreApplication.translate
        self._loss = make_plot(translate("Curves", "loss"))
        self._miou = make_plot(translate("Curves", "validation mIoU"))
        self._classes = make_plot(translate("Curves", "IoU of each class"))
        self._plots = (self._loss, self._miou, self._classes)
        for plot in (self._miou, self._classes):
            plot.setYRange(0, 1)
            plot.getAxis("left").setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]])
        plots = ((plot, 1) for plot in self._plots)
        make_column(*plots, within=self, margins=(0, 0, 0, 0), spacing_px=6)
        self._loss_curve, self._miou_curve = add_curve(self._loss, LOSS), add_curve(self._miou, MIOU)
        self._class_curves: dict[str, pyqtgraph.PlotDataItem] = {}
        self._points = CurvePoints()
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)

    def clear(self) -> None:
        for curve in self._class_curves.values():
            self._classes.removeItem(curve)
        self._class_curves.clear()
        self._classes.setTitle(QCoreApplication.translate("Curves", "IoU of each class"), size="9pt")
        self._points = CurvePoints()
        self._draw()

    def add_loss(self, step: int, loss: float) -> None:
        self._points.add_loss(step, loss)
        self._schedule_draw()

    def add_scores(self, step: int, miou: float, classes: Sequence[tuple[str, QColor, float]]) -> None:
        """`classes` are (name, colour, IoU). NaN values are left out."""
        self._points.add_scores(step, miou, {name: iou for name, _, iou in classes})
        for name, colour, _ in classes:
            if name not in self._class_curves:
                self._class_curves[name] = add_curve(self._classes, make_readable(colour).name(), name)
                self._show_legend()
        self._schedule_draw()

    def _show_legend(self) -> None:
        """The title is the legend: class names in the colour of their curves, as many as fit."""
        shown = list(self._class_curves.items())[:_MAX_LEGEND]
        names = [f'<span style="color:{curve.opts["symbolBrush"]}">{escape(name)}</span>' for name, curve in shown]
        more = " …" if len(self._class_curves) > len(shown) else ""
        self._classes.setTitle("IoU  " + ", ".join(names) + more, size="9pt")

    def retheme(self) -> None:
        for plot in self._plots:
            theme_plot(plot)

    def _schedule_draw(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        set_points(self._loss_curve, self._points.loss)
        set_points(self._miou_curve, self._points.miou)
        for name, curve in self._class_curves.items():
            set_points(curve, self._points.classes[name])


def make_readable(colour: QColor) -> QColor:
    """The colour, lighter or darker if it has too little contrast with the background of the plot."""
    background = QGuiApplication.palette().color(QPalette.ColorRole.Base).lightnessF()
    hue, saturation, light = colour.hslHueF(), colour.hslSaturationF(), colour.lightnessF()
    if background < 0.5 and light < 0.55:
        light = 0.55
    elif background >= 0.5 and light > 0.6:
        light = 0.5
    return QColor.fromHslF(max(0.0, hue), saturation, light)


def make_plot(title: str) -> pyqtgraph.PlotWidget:
    plot = pyqtgraph.PlotWidget()
    plot.setTitle(title, size="9pt")
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setMinimumHeight(80)
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # the plots share the height
    plot.setAccessibleName(title)
    plot.getAxis("left").setTickDensity(0.25)  # in a low panel more numbers would overlap
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
    """Use the colours of the current palette."""
    palette = QGuiApplication.palette()  # a widget's own palette is still the old one while the theme changes
    plot.setBackground(palette.color(QPalette.ColorRole.Base))
    for name in ("left", "bottom"):
        pen = palette.color(QPalette.ColorRole.PlaceholderText)
        plot.getAxis(name).setPen(pen)
        plot.getAxis(name).setTextPen(pen)
