"""Accepting or rejecting the prediction, for the current class or the whole image; each is one undoable step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from segstudio.core.annotation import Annotation
from segstudio.core.document import Document
from segstudio.tools.accept import ACCEPT, REJECT, accept
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature, FeatureContext
from segstudio.ui.features.predict import PredictFeature
from segstudio.ui.messages import Remedy


class AcceptFeature(Feature):
    """Painting rules hold as under the brush. The work is done in a job, on a copy of the document."""

    def __init__(self, context: FeatureContext, predicting: PredictFeature) -> None:
        super().__init__(context)
        self._predicting = predicting
        self._busy = False
        self._last_tool = ""
        self.state.tool_changed.connect(self._tell_what_is_missing)

    def actions(self) -> tuple[Action, ...]:
        action = partial(Action, menu="Model", refusal=self.refuse.no_prediction_to_accept)
        accept_class, reject_all = partial(self.apply, only_current=True), partial(self.apply, True)
        reject_class = partial(self.apply, True, only_current=True)
        return (
            action("accept_class", self.tr("Accept the current class from the prediction"), "Ctrl+T", accept_class),
            action("accept_all", self.tr("Accept the whole prediction"), "Ctrl+Shift+T", self.apply),
            action("reject_class", self.tr("Reject the current class of the prediction"), "Ctrl+Alt+T", reject_class),
            action("reject_all", self.tr("Reject the whole prediction"), "Ctrl+Alt+Shift+T", reject_all),
        )

    def apply(self, reject: bool = False, *, only_current: bool = False) -> None:
        """Accept or reject the pixels predicted as the current class, or all of them."""
        document, predicted = self.state.document, self.state.context.predicted
        if document is None or predicted is None or document.has_open_stroke or self._busy:
            return
        name = REJECT if reject else ACCEPT
        class_id, before, clone = self.state.settings.class_id, document.annotation, _copy(document)
        self._busy = True

        def events() -> Iterator[Annotation]:
            mask = predicted == class_id if only_current else np.ones(predicted.shape, np.bool_)
            clone.begin(new_objects=True)
            accept(clone, predicted, clone.annotation.box, mask, reject=reject)
            clone.commit(name)
            yield clone.annotation

        def on_result(after: Annotation) -> None:
            if self.state.document is not document or document.annotation is not before or document.has_open_stroke:
                self.messages.inform(self.tr("The image was edited meanwhile, so nothing was accepted or rejected."))
            elif document.apply(name, after) is None:
                self.messages.inform(self.tr("There is nothing to accept or to reject here."))

        self.jobs.start(events, on_result, on_end=self._on_end)

    def _on_end(self) -> None:
        self._busy = False

    def _tell_what_is_missing(self) -> None:
        """When a tool is activated that needs a prediction and there is none."""
        info, context = self.state.tool.info, self.state.context
        present = context.probability_map if info.needs == "probability_map" else context.predicted
        activated, self._last_tool = info.name != self._last_tool, info.name
        if activated and info.needs and present is None and self.state.image is not None:
            remedy = Remedy(self.tr("Predict"), self._predicting.predict)
            self.messages.inform(self.tr("This tool needs a prediction of this image."), remedy)


def _copy(document: Document) -> Document:
    """Another document of the same annotation, rules and marks, for a job."""
    copy = Document(document.annotation, document.table, plane=document.plane.copy())
    copy.rules, copy.marks, copy.intensities = document.rules, document.marks, document.intensities
    return copy
