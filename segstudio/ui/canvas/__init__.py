"""Canvas: the image, the layers over it, and the input of the active tool."""
