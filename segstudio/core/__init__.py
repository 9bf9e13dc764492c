"""The facts: shapes, pixels, labels, undo and figures. No files, threads, Qt or torch."""
