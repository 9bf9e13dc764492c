"""Rooms for files: one module is one file format."""
