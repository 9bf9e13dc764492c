"""Folders of mask images beside folders of images, and what other formats need to read mask images.

`codec` reads and encodes one mask image, `label_map` reads what its values or colours mean.
"""
