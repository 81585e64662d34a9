"""A fuzzer over every reader: small files of each format, damaged by a seed, and what must hold.

``python -m tests.fuzz --seconds 3600 --seed 1 --corpus FOLDER --keep FOLDER`` runs it by hand.
"""
