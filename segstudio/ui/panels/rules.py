"""Painting rules: a button with a summary, and a menu with the form."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QMenu, QSpinBox, QToolButton, QWidget, QWidgetAction

from segstudio.app.state import State
from segstudio.core.painting_rules import CLASSES, EVERYTHING, OBJECTS, ONLY_CLASS, ONLY_UNLABELLED, PaintingRules
from segstudio.ui.widgets import STRETCH, choose, make_combo, make_form, make_label, make_row, set_silently


class RulesButton(QToolButton):
    """Shows and changes the painting rules: which pixels a stroke may change, and which object receives them."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self.setObjectName("rules")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(self.tr("Painting rules: which pixels a stroke may change"))
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self._make_form())
        menu.addAction(action)
        self.setMenu(menu)
        state.tool_changed.connect(self.show_rules)
        state.classes_changed.connect(self._rebuild)
        state.image_changed.connect(self._fit_range)
        self._rebuild()

    def _make_form(self) -> QWidget:
        self._over = QComboBox()
        self._over.activated.connect(self._on_over)
        objects = self.tr("Objects: a stroke on free pixels starts an object")
        self._mode = make_combo({CLASSES: self.tr("Classes: one mask per class"), OBJECTS: objects})
        self._mode.activated.connect(lambda: self._set(mode=self._mode.currentData()))
        self._same = QCheckBox(self.tr("Add to the selected or last object"))
        self._same.clicked.connect(lambda on: self._set(same_object=bool(on)))
        self._inside = QCheckBox(self.tr("Only inside selected objects"))
        self._inside.clicked.connect(lambda on: self._set(in_selection=bool(on)))
        self._ranged = QCheckBox(self.tr("Only pixel values from"))
        self._low, self._high = QSpinBox(maximum=65535), QSpinBox(maximum=65535)
        for field, word in ((self._low, self.tr("Lowest value")), (self._high, self.tr("Highest value"))):
            field.setAccessibleName(word)
            field.valueChanged.connect(self._on_range)
        self._ranged.clicked.connect(self._on_range)
        self._locked = make_label(style="quiet", wrap=True)
        form = QWidget()
        rows = make_form(
            (self.tr("Paint over"), self._over),
            (self.tr("Mode"), self._mode),
            ("", self._same),
            ("", self._inside),
            within=form,
            margins=(12, 10, 12, 10),
        )
        rows.addRow(self._ranged)
        rows.addRow("", make_row(self._low, QLabel(self.tr("to")), self._high, STRETCH))
        rows.addRow(self.tr("Locked classes"), self._locked)
        return form

    def _rebuild(self) -> None:
        self._over.clear()
        self._over.addItem(self.tr("everything"), (EVERYTHING, 0))
        self._over.addItem(self.tr("unlabelled pixels"), (ONLY_UNLABELLED, 0))
        for item in self._state.table:
            self._over.addItem(self.tr("only {}").format(item.name), (ONLY_CLASS, item.id))
        self.show_rules()

    def show_rules(self) -> None:
        rules, table = self._state.rules, self._state.table
        wanted = (rules.over, rules.over_class if rules.over == ONLY_CLASS else 0)
        places = [index for index in range(self._over.count()) if tuple(self._over.itemData(index)) == wanted]
        self._over.setCurrentIndex(places[0] if places else 0)
        choose(self._mode, rules.mode)
        self._same.setChecked(rules.same_object)
        self._same.setEnabled(rules.mode == OBJECTS)
        self._inside.setChecked(rules.in_selection)
        self._ranged.setChecked(rules.intensity is not None)
        for index, field in enumerate((self._low, self._high)):
            field.setEnabled(rules.intensity is not None)
            if rules.intensity is not None:
                set_silently(field, rules.intensity[index])
        names = [table[class_id].name for class_id in sorted(rules.locked_classes) if class_id < len(table)]
        self._locked.setText(", ".join(names) or self.tr("none (lock them in the Classes panel)"))
        self.setText(self._summary(rules))

    def _summary(self, rules: PaintingRules) -> str:
        over = {
            EVERYTHING: self.tr("Over everything"),
            ONLY_UNLABELLED: self.tr("Over unlabelled"),
            ONLY_CLASS: self.tr("Over {}").format(self._over.currentText().split(" ", 1)[-1]),
        }[rules.over]
        more = sum((rules.in_selection, rules.intensity is not None, bool(rules.locked_classes)))
        objects = self.tr(" · objects") if rules.mode == OBJECTS else ""
        return f"{over}{f' +{more}' if more else ''}{objects}"

    def _set(self, **changes: object) -> None:
        self._state.set_rules(replace(self._state.rules, **changes))  # type: ignore[arg-type]

    def _on_over(self) -> None:
        over, class_id = self._over.currentData()
        self._set(over=over, over_class=class_id)

    def _on_range(self) -> None:
        low, high = sorted((self._low.value(), self._high.value()))
        self._set(intensity=(low, high) if self._ranged.isChecked() else None)

    def _fit_range(self) -> None:
        """Limit the fields to the pixel values that the image can have."""
        image = self._state.image
        top = 65535 if image is not None and image.pixels.dtype.itemsize > 1 else 255
        for field in (self._low, self._high):
            field.setMaximum(top)
        if self._state.rules.intensity is None:
            set_silently(self._high, top)
