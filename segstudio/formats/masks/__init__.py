"""Folders of mask images."""
