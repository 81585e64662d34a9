"""First bytes that tell a format."""

BMP = b"BM"
GIF = b"GIF8"
JPEG = b"\xff\xd8\xff"
NUMPY = b"\x93NUMPY"
PNG = b"\x89PNG\r\n\x1a\n"
PSD = b"8BPS"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, and BigTIFF
YUV4MPEG2 = b"YUV4MPEG2"
