"""The painting rules: a button that says them in short, and what unfolds from it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from segstudio.core.rules import CLASSES, EVERYTHING, OBJECTS, ONLY_CLASS, ONLY_UNLABELLED, Rules
from segstudio.ui.session import Session


class RulesButton(QToolButton):
    """Paints over: everything, what has no label, or one class; and all that limits a stroke."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(self.tr("What painting may cover, and what it belongs to"))
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self._form())
        menu.addAction(action)
        self.setMenu(menu)
        session.choice_changed.connect(self.show_rules)
        session.classes_changed.connect(self._rebuild)
        session.image_changed.connect(self._fit_range)
        self._rebuild()

    def _form(self) -> QWidget:
        form = QWidget()
        rows = QFormLayout(form)
        rows.setContentsMargins(12, 10, 12, 10)
        self._over = QComboBox()
        self._over.activated.connect(self._on_over)
        self._mode = QComboBox()
        self._mode.addItem(self.tr("Classes: one layer a class"), CLASSES)
        self._mode.addItem(self.tr("Objects: a stroke from nothing begins one"), OBJECTS)
        self._mode.activated.connect(lambda: self._set(mode=self._mode.currentData()))
        self._same = QCheckBox(self.tr("Go on with the selected or last object"))
        self._same.clicked.connect(lambda on: self._set(same_object=bool(on)))
        self._inside = QCheckBox(self.tr("Only inside the selection"))
        self._inside.clicked.connect(lambda on: self._set(in_selection=bool(on)))
        self._ranged = QCheckBox(self.tr("Only where the image is from"))
        self._low, self._high = QSpinBox(maximum=65535), QSpinBox(maximum=65535)
        for field, word in ((self._low, self.tr("Lowest")), (self._high, self.tr("Highest"))):
            field.setAccessibleName(word)
            field.valueChanged.connect(self._on_range)
        self._ranged.clicked.connect(self._on_range)
        between = QHBoxLayout()
        between.addWidget(self._low)
        between.addWidget(QLabel(self.tr("to")))
        between.addWidget(self._high)
        between.addStretch()
        self._locked = QLabel()
        self._locked.setWordWrap(True)
        self._locked.setProperty("quiet", True)
        rows.addRow(self.tr("Paint over"), self._over)
        rows.addRow(self.tr("Work in"), self._mode)
        rows.addRow("", self._same)
        rows.addRow("", self._inside)
        rows.addRow(self._ranged)
        rows.addRow("", between)
        rows.addRow(self.tr("Never over"), self._locked)
        return form

    def _rebuild(self) -> None:
        self._over.clear()
        self._over.addItem(self.tr("everything"), (EVERYTHING, 0))
        self._over.addItem(self.tr("what has no label"), (ONLY_UNLABELLED, 0))
        for item in self._session.table:
            self._over.addItem(self.tr("only {}").format(item.name), (ONLY_CLASS, item.id))
        self.show_rules()

    def show_rules(self) -> None:
        rules, table = self._session.rules, self._session.table
        wanted = (rules.over, rules.over_class if rules.over == ONLY_CLASS else 0)
        places = [index for index in range(self._over.count()) if tuple(self._over.itemData(index)) == wanted]
        self._over.setCurrentIndex(places[0] if places else 0)
        self._mode.setCurrentIndex(self._mode.findData(rules.mode))
        self._same.setChecked(rules.same_object)
        self._same.setEnabled(rules.mode == OBJECTS)
        self._inside.setChecked(rules.in_selection)
        self._ranged.setChecked(rules.intensity is not None)
        for index, field in enumerate((self._low, self._high)):
            field.setEnabled(rules.intensity is not None)
            if rules.intensity is not None:
                field.blockSignals(True)
                field.setValue(rules.intensity[index])
                field.blockSignals(False)
        names = [table[class_id].name for class_id in sorted(rules.locked) if class_id < len(table)]
        self._locked.setText(", ".join(names) or self.tr("no class is locked (padlock in Classes)"))
        self.setText(self._summary(rules))

    def _summary(self, rules: Rules) -> str:
        over = {
            EVERYTHING: self.tr("Over everything"),
            ONLY_UNLABELLED: self.tr("Over no label"),
            ONLY_CLASS: self.tr("Over {}").format(self._over.currentText().split(" ", 1)[-1]),
        }[rules.over]
        more = sum((rules.in_selection, rules.intensity is not None, bool(rules.locked)))
        objects = self.tr(" · objects") if rules.mode == OBJECTS else ""
        return f"{over}{f' +{more}' if more else ''}{objects}"

    def _set(self, **changes: object) -> None:
        self._session.set_rules(replace(self._session.rules, **changes))  # type: ignore[arg-type]

    def _on_over(self) -> None:
        over, class_id = self._over.currentData()
        self._set(over=over, over_class=class_id)

    def _on_range(self) -> None:
        low, high = sorted((self._low.value(), self._high.value()))
        self._set(intensity=(low, high) if self._ranged.isChecked() else None)

    def _fit_range(self) -> None:
        """As far as this image's numbers go."""
        image = self._session.image
        top = 65535 if image is not None and image.pixels.dtype.itemsize > 1 else 255
        for field in (self._low, self._high):
            field.setMaximum(top)
        if self._session.rules.intensity is None:
            self._high.blockSignals(True)
            self._high.setValue(top)
            self._high.blockSignals(False)
