"""What a hand can do on the canvas; plain objects without Qt."""
