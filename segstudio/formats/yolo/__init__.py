"""YOLO segmentation text files."""
