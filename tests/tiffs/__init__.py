"""TIFFs of every layout, type, compression, predictor and number of bits, and what they hold.

    python -m tests.tiffs        # compares all of them, and with tifffile and GDAL where they are

``making.py`` says what there is, ``readers.py`` how others read it.
"""
