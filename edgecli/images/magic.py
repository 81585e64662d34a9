"""First bytes that tell a format; where they are patterns, those are compiled when first used."""

BMP = rb"(?s:BM.{4}\0{4})"
BMP_MASKS = (  # of 16 or 32 bits that masks part into colours
    rb"(?s:BM.{14}\0\0.{8}\x01\0[\x10\x20]\0[\x03\x06]\0{3})"
)
GIF = rb"GIF8[79]a"
JPEG = b"\xff\xd8\xff"
JPEG_2000 = (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")  # its codestream, alone and in boxes
NETPBM = rb"P([1-7]\s|[1-6]#)"
NETPBM_HEADER = rb"P[1-6]\s+(#|\d+\s+(#|\d))|P7\s+(#|[A-Z])"  # where P5 may be chance
NUMPY = b"\x93NUMPY"
PFM = rb"P[Ff]\s"
PNG = b"\x89PNG\r\n\x1a\n"
PSD = b"8BPS\0"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, and BigTIFF
CAMERA_RAW = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # TIFF but for these: Olympus, Panasonic
CANON_AT_8 = b"CR"  # after a TIFF's head, in a CR2
WEBP = rb"(?s:RIFF....WEBP)"
XBM = rb"\s*(#define\s|/\*(?! XPM))"
YUV4MPEG2 = b"YUV4MPEG2"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # with members, and without
