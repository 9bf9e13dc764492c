"""labelme JSON and the old web tool's XML."""
