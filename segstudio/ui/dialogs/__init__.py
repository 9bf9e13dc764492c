"""Dialogs: import, export, label checks, training, shortcuts, and the fields and reports that they share."""
