"""Tools of the canvas, without Qt: brush, polygon, wand, select and the others."""
