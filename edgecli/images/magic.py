"""First bytes that tell a format."""

BMP = b"BM"
GIF = b"GIF8"
JPEG = b"\xff\xd8\xff"
NUMPY = b"\x93NUMPY"
PNG = b"\x89PNG\r\n\x1a\n"
PSD = b"8BPS"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, and BigTIFF
CAMERA_RAW = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # TIFF but for these: Olympus, Panasonic
CANON_AT_8 = b"CR"  # after a TIFF's head, in a CR2
YUV4MPEG2 = b"YUV4MPEG2"
