"""YOLO segmentation (docs.ultralytics.com/datasets/segment): one text file per image, classes in data.yaml."""
