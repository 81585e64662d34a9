"""The report of one image, as JSON and the journal of a batch hold it."""

from edgecli.detect.jobs import Result
from edgecli.reports.facts import Facts, image_facts


def image_record(result: Result) -> Facts:
    """Return the report of one image as JSON holds it."""
    return image_facts(result)
