"""COCO: instances, panoptic and stuff; polygons and run-length encodings."""
