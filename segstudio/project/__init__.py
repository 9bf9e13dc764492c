"""What is on disk as a whole: the folder, its items, its index."""
