"""Taking the prediction, or rejecting it, for a class or the whole image; each one undoable step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QObject

from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.tools.accept import take
from segstudio.ui.features.predict import PredictFlow
from segstudio.ui.messages import MessageBar, Remedy
from segstudio.ui.session import Session


class AcceptFlow(QObject):
    """Painting rules hold here as under the brush. The work is done beside the window, on a copy of the plane."""

    def __init__(self, session: Session, predicting: PredictFlow, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._predicting = predicting
        self._messages = messages
        self._busy = False
        self._told = ""
        session.choice_changed.connect(self._tell_what_is_missing)

    def take_class(self) -> None:
        self._take("accept", only=True, reject=False)

    def take_all(self) -> None:
        self._take("accept", only=False, reject=False)

    def reject_class(self) -> None:
        self._take("reject", only=True, reject=True)

    def reject_all(self) -> None:
        self._take("reject", only=False, reject=True)

    def _take(self, name: str, *, only: bool, reject: bool) -> None:
        document, predicted = self._session.document, self._session.sight.predicted
        if document is None or predicted is None or document.stroking or self._busy:
            return
        class_id, before, clone = self._session.choice.class_id, document.annotation, _copy_of(document)
        self._busy = True

        def events() -> Iterator[Annotation]:
            mask = predicted == class_id if only else np.ones(predicted.shape, np.bool_)
            clone.begin(fresh=True)
            take(clone, predicted, clone.annotation.box, mask, reject=reject)
            clone.commit(name)
            yield clone.annotation

        def on_result(after: Annotation) -> None:
            if self._session.document is not document or document.annotation is not before or document.stroking:
                self._messages.tell(self.tr("The image changed meanwhile, so nothing was taken."))
            elif document.apply(name, after) is None:
                self._messages.tell(self.tr("There is nothing to take or to reject here."))
            self._session.edited.emit()
            self._session.acted.emit()

        self._session.jobs.start(events, on_result, self._on_end)

    def _on_end(self) -> None:
        self._busy = False

    def _tell_what_is_missing(self) -> None:
        """A tool that needs a prediction says so when it is taken."""
        tool, sight = self._session.tool, self._session.sight
        missing = tool.needs if (sight.heat if tool.needs == "heat" else sight.predicted) is None else ""
        told, self._told = self._told, tool.name
        if missing and told != tool.name and self._session.image is not None:
            predict = Remedy(self.tr("Predict"), self._predicting.predict)
            self._messages.tell(self.tr("This tool needs what a model says of the image."), predict)


def _copy_of(document: Document) -> Document:
    """Another document of the same annotation, rules and marks, for use in a job."""
    clone = Document(document.annotation, document.table, plane=document.plane.copy())
    clone.rules, clone.marks, clone.intensities = document.rules, document.marks, document.intensities
    return clone
