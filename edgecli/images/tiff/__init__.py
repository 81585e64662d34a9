"""TIFF: directories of tags, pages, and samples in strips and tiles, read and written."""
