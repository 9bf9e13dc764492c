"""The tools as actions: one of them is active."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from segstudio.tools.tool import ToolInfo
from segstudio.tools.toolbox import GROUPS
from segstudio.ui.actions import Action
from segstudio.ui.features.feature import Feature


class ToolsFeature(Feature):
    """Made from what the tools say of themselves."""

    def actions(self) -> tuple[Action, ...]:
        return tuple(self._action(kind.info) for group in GROUPS for kind in group)

    def _action(self, info: ToolInfo) -> Action:
        return Action(
            info.name,
            QCoreApplication.translate("Tool", info.title),
            info.key,
            lambda: self.state.choose(tool=info.name),
            "Tools",
            info.icon,
            tip=QCoreApplication.translate("Tool", info.tip) if info.tip else "",
            checked=lambda: self.state.tool.info is info,
        )
