"""COCO (cocodataset.org/#format-data): instances, results, panoptic segments and stuff maps.

`coco_json` converts records to shapes and back, `coco_rle` encodes masks, `panoptic` reads the PNGs; `reader` opens a
dataset and `writer` exports one.
"""
