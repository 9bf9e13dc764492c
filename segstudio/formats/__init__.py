"""Annotation and image file formats: one module or folder per format; `registry` lists what can be read and written.

A format with several files has a `reader` (opens a dataset), a `writer` (exports one) and modules for its file types.
To add one: write its module or folder and add a row to `registry`.
"""
