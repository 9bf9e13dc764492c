"""Taking the prediction, or rejecting it, for a class or the whole picture; each one undoable step."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from segstudio.tools.accept import take
from segstudio.ui.messages import MessageBar
from segstudio.ui.session import Session


class AcceptFlow(QObject):
    """Painting rules hold here as under the brush."""

    def __init__(self, session: Session, messages: MessageBar) -> None:
        super().__init__(session)
        self._session = session
        self._messages = messages

    def take_class(self) -> None:
        self._take("accept class", only=True, reject=False)

    def take_all(self) -> None:
        self._take("accept all", only=False, reject=False)

    def reject_class(self) -> None:
        self._take("reject class", only=True, reject=True)

    def reject_all(self) -> None:
        self._take("reject all", only=False, reject=True)

    def _take(self, name: str, *, only: bool, reject: bool) -> None:
        document, predicted = self._session.document, self._session.sight.predicted
        if document is None or predicted is None or document.stroking:
            return
        box = document.annotation.box
        class_id = self._session.choice.class_id
        mask = predicted == class_id if only else np.ones(predicted.shape, np.bool_)
        if not mask.any():
            self._messages.tell(self.tr("The model predicts nothing of this class here."))
            return
        document.begin()
        take(document, predicted, box, mask, reject=reject)
        document.commit(name)
        self._session.edited.emit()
        self._session.acted.emit()
