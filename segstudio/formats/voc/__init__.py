"""PASCAL VOC (host.robots.ox.ac.uk/pascal/VOC): class and object PNGs, image sets, XML boxes."""
