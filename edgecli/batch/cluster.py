"""Other machines: a Dask cluster as an executor. The one module that knows Dask.

The folders must be there for the cluster's workers under the same paths. A cluster does whatever
it is sent: its scheduler must be out of reach of others, or ask for certificates (``tls://``),
which Dask finds by its own configuration.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import Any

from edgecli.errors import UsageError
from edgecli.rows.memory import keep_freed

PATIENCE = 30
"""Seconds to find a scheduler and its workers."""

CERTIFICATES = (
    "name them by DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and "
    "…__TLS__CLIENT__KEY, or in Dask's own files"
)


@contextmanager
def cluster_at(address: str, workers: int = 1) -> Iterator[tuple[Executor, int, int | None]]:
    """Connect to a scheduler such as ``tcp://host:8786``, and wait until it has this many workers.

    Lends an executor with its threads and the bytes that its workers may take, if they are limited.
    A call whose worker dies is run again by another, up to three times. UsageError where no
    scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError("--scheduler needs Dask; run pip install 'edgecli[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # errors stay one line
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with ExitStack() as stack:
            security, how = _security(address)
            try:
                asyncio.run(_reach(address, how))
                connect: Any = distributed.Client  # it is typed in part
                client = stack.enter_context(
                    connect(address, timeout=PATIENCE, set_as_default=False, security=security)
                )
                client.wait_for_workers(workers, timeout=PATIENCE)
            except (OSError, ValueError, TypeError) as error:
                raise UsageError(
                    f"no Dask cluster answers at {address}; start one with `dask scheduler` and "
                    f"`dask worker {address}`"
                ) from error
            _make_ready(client, address)
            limits = [w["memory_limit"] for w in client.scheduler_info(-1)["workers"].values()]
            threads = sum(client.nthreads().values())
            yield client.get_executor(pure=False), threads, sum(limits) or None


def _make_ready(client: Any, address: str) -> None:
    """Let the workers keep freed memory; UsageError where they know nothing of edgecli.

    Dask has them return it at once, which made half of an image's time.
    """
    for said in client.run(keep_freed, on_error="return").values():
        if isinstance(said, ImportError):
            raise UsageError(
                f"the workers of {address} cannot run edgecli ({said}); install it where they are"
            )


def _security(address: str) -> tuple[Any, dict[str, Any]]:
    """Return what Dask's configuration says of certificates, and how to connect by it."""
    from distributed import security as dask

    try:
        security: Any = dask.Security()  # type: ignore[no-untyped-call]
        how: dict[str, Any] = security.get_connection_args("client")
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"Dask's certificates cannot be used ({reason}); {CERTIFICATES}"
        ) from error
    if address.startswith("tls://") and how["ssl_context"] is None:
        raise UsageError(f"{address} wants certificates, and Dask knows none; {CERTIFICATES}")
    return security, how


async def _reach(address: str, how: dict[str, Any]) -> None:
    """Knock at a scheduler: a client that finds none would leave a thread behind."""
    from distributed.comm import core

    connect: Any = core.connect  # it is not typed
    communication = await connect(address, timeout=PATIENCE, **how)
    await communication.close()
