"""labelme JSON (github.com/wkentaro/labelme) and the XML of the older LabelMe web tool, which is another program.

`labelme_json` is also the format in which segstudio stores its own labels.
"""
