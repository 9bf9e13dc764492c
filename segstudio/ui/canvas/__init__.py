"""The picture with everything that lies over it."""
