"""The image with everything that lies over it."""
