"""A tuner: one page in which detector, thresholds and look are chosen by eye."""

from edgecli.pages.tuner.writing import DETECTORS, check_tuner, write_tuner

__all__ = ["DETECTORS", "check_tuner", "write_tuner"]
