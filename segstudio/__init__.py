"""segstudio: draw, learn and review segmentation masks in one window."""

__version__ = "0.1.0"
