"""One image on a cluster: what it cannot do, and how it is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from edgecli.cli.options import Options
from edgecli.cli.request import Request
from edgecli.detect.outputs import Job
from edgecli.detect.run import Crew
from edgecli.detect.settings import Settings
from edgecli.errors import UsageError
from edgecli.records import replace


def _check_shared(inputs: Sequence[str], options: Options, settings: Settings) -> None:
    """Raise UsageError for what a cluster does not do with an image."""
    for name in ("grid", "preview", "all_frames"):
        if getattr(options, name):
            raise UsageError(
                f"a cluster shares one image and its edge maps; drop --{name.replace('_', '-')}, "
                "or --scheduler"
            )
    if "-" in inputs:
        raise UsageError(
            "standard input (-) is here alone; give the path of a file that the workers see, too"
        )
    if settings.finish is not None and settings.style.overlay is not None:
        raise UsageError(
            "strokes are laid on a picture of the whole image, which no worker has; drop "
            "--overlay, or --scheduler"
        )


@contextmanager
def crew_at(
    scheduler: str | None, inputs: Sequence[str], options: Options, request: Request
) -> Iterator[Callable[[Job], Crew] | None]:
    """Connect to a cluster, if there is one to work, and lend what makes it the crew of an input.

    UsageError where it cannot do what is asked, or does not answer.
    """
    if scheduler is None:
        yield None
        return
    _check_shared(inputs, options, request.settings)
    if options.explain:
        yield None
        return
    from edgecli.batch.cluster import cluster_at
    from edgecli.detect.shares import Work, Workers

    with cluster_at(scheduler) as (executor, threads, _):

        def crew(job: Job) -> Crew:
            path, *outputs = map(os.path.abspath, (job.path, *job.outputs))
            seen = replace(job, path=path, outputs=tuple(outputs))
            measured = request.reporting.format != "none"
            work = Work(seen, request.settings, request.limits, threads, measured)
            return Workers(executor, work)

        yield crew
