"""The command line: click alone. A command's module is loaded when the command runs."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from edgecli import __version__
from edgecli.cli.help import Advised, Group, examples
from edgecli.cli.process import leave, load, serve_if_asked
from edgecli.cli.streams import STDOUT, mend_streams
from edgecli.errors import EdgeCliError, UsageError, system_says

if TYPE_CHECKING:
    from edgecli.rows.base import ImageInfo

COMMANDS = {
    "detect": "Find the edges of one or more images.",
    "batch": "Find the edges of a folder of images, resuming where it was stopped.",
    "filters": "List, show and export filters.",
    "styles": "List the styles: bundles of options that --style names.",
    "trace": "Write out the arithmetic of an output pixel, or draw it.",
    "tune": "Write a page in which edges are tuned by eye.",
    "network": "Count, draw and run stacks of layers.",
    "evaluate": "Score edge maps against what people drew, as the Berkeley benchmark does.",
    "learn": "Find the filter that best turns INPUT into TARGET.",
    "completion": "Print what lets a shell complete edgecli.",
    "help": "Show the help of a command.",
}
"""Each command with the line that --help shows, so that --help need not load any."""


class CommandLine(Group):
    """Loads commands late, and ends every failure in one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module."""
        if cmd_name not in COMMANDS:
            return None
        name = f"edgecli.cli.{cmd_name}"
        command: click.Command = (sys.modules.get(name) or load(name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        *more: Any,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; exit with 0 all done, 1 something failed, 2 usage, 130 interrupted."""
        run = partial(super().main, args, *more, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        ours = args is None  # the process, and all that it writes
        if ours:
            serve_if_asked()
        mend_streams(ours=ours)
        code = self._run(run)
        if ours:
            leave(code)
        sys.exit(code)

    def _run(self, run: Callable[[], Any]) -> int:
        """Run a command to its end, and return its exit code."""
        _heed_signals()
        try:
            code = run()
            sys.stdout.flush()
        except click.ClickException as error:
            return _refuse(error)
        except EdgeCliError as error:
            return fail(str(error), error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            return fail("interrupted", 130)
        except Stopped as stop:
            return fail(f"stopped by {stop.signal.name}", 128 + stop.signal)
        except SystemExit:  # how click ends when the reader of a pipe has gone
            return 0
        except MemoryError:
            return fail("not enough memory; give a smaller image or kernel")
        except OSError as error:
            return self._refused(error)
        except Exception as error:  # the last resort: a fault of ours is still one line
            if "EDGECLI_TRACEBACK" in os.environ:
                raise
            return fail(
                f"internal error, {type(error).__name__}: {error}; "
                "please report it with the output of EDGECLI_TRACEBACK=1"
            )
        return code if isinstance(code, int) else 0  # a command returns its exit code, or None

    @staticmethod
    def _refused(error: OSError) -> int:
        """End quietly when the reader of a pipe has gone; say what else the system refused."""
        if error.errno == errno.EPIPE:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if error.errno == errno.ENOENT and error.filename is None:  # os.getcwd raises it
            return fail("the current folder is gone; change to one that exists")
        if error.filename == STDOUT:
            reason = "it is closed" if error.errno == errno.EBADF else system_says(error)
            return fail(f"{STDOUT} cannot be written: {reason}")
        return fail(f"{error.filename or 'the system says'}: {system_says(error)}")


class Stopped(BaseException):
    """A signal that asks to end; raised where the work is, so that temporary files go."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


def _heed_signals() -> None:
    """Let signals that ask to end unwind the work as Ctrl-C does, unless others handle them."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, frame: object) -> NoReturn:
    del frame
    raise Stopped(number)


def refuse_terminal(format_: str) -> None:
    """Raise UsageError where binary data would go to a terminal."""
    if sys.stdout.isatty():
        raise UsageError(
            f"{format_} is binary and standard output is a terminal; "
            "redirect it, or give a file with -o"
        )


def fail(message: str, exit_code: int = 1) -> int:
    """Say on standard error, in one line, what went wrong, and return the exit code."""
    line = re.sub(r"\s*[\r\n]+\s*", " ", message)
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda match: ascii(match[0])[1:-1], line)
    with suppress(OSError):  # nobody is left to be told
        click.echo(f"edgecli: {line}", err=True)
    return exit_code


def tell(info: ImageInfo) -> None:
    """Say on standard error what is to be known of an image that was read: a line for each note."""
    from edgecli.images.limits import note_lines

    for line in note_lines(info):
        fail(line)


def _refuse(error: click.ClickException) -> int:
    """Say what click refuses, and what to do next where it does not; show a group's help."""
    message = error.format_message()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(message, err=True)
        return error.exit_code
    missing = isinstance(error, click.MissingParameter)
    tells = isinstance(error, (click.BadParameter, Advised)) and not missing
    if isinstance(error, click.UsageError) and not tells:
        command = error.ctx.command_path if error.ctx else "edgecli"  # what click knows of it
        message = f"{message.rstrip('.')}; see '{command} --help'"
    return fail(message, error.exit_code)


@click.group(
    cls=CommandLine,
    help="Find edges in pictures with convolution filters, and say what each convolution costs.",
    examples=examples(
        "edgecli detect photo.jpg  # writes photo-sobel.png",
        "edgecli batch photos -o edges  # a folder, on all cores",
        "edgecli help detect  # all that detect can do",
    ),
)
@click.version_option(__version__, "-V", "--version", message="edgecli %(version)s")
def main() -> None:
    """Carry out ``edgecli``."""
