"""Shapes, rasterisation, label planes, undo and metrics. No files, threads, clocks, Qt or torch."""
