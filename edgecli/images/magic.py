"""First bytes that tell a format."""

JPEG = b"\xff\xd8\xff"
NUMPY = b"\x93NUMPY"
PNG = b"\x89PNG\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, and BigTIFF
CAMERA_RAW = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # TIFF but for these: Olympus, Panasonic
CANON_AT_8 = b"CR"  # after a TIFF's head, in a CR2
YUV4MPEG2 = b"YUV4MPEG2"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # with members, and without
