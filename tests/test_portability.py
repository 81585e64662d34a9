"""Windows and macOS, as far as reading goes: what they lack is never used without a guard."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import SAMPLES
from tests.test_architecture import FILES, PACKAGE, parsed

LACKING = {
    "os": "CLD_* EX_* O_ACCMODE O_ASYNC O_CLOEXEC O_DIRECT O_DIRECTORY O_DSYNC O_EXLOCK O_NDELAY "
    "O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_RSYNC O_SHLOCK O_SYNC O_TMPFILE P_* PRIO_* "
    "RTLD_* SCHED_* SEEK_DATA SEEK_HOLE W[A-Z]* chflags chown chroot confstr copy_file_range "
    "ctermid eventfd* fchdir fchmod fchown fdatasync fork forkpty fpathconf fstatvfs getegid "
    "geteuid getgid getgroup* getloadavg getpgid getpgrp getpriority getrandom getresgid getresuid "
    "getsid getuid getxattr grantpt initgroups kill killpg lchflags lchmod lchown listxattr lockf "
    "login_tty major makedev memfd_create minor mkfifo mknod nice openpty pathconf pidfd_open "
    "pipe2 plock posix_* pread* pwrite* ptsname readv register_at_fork removexattr sched_* "
    "sendfile setegid seteuid setgid setgroups setns setpgid setpgrp setpriority setregid setres* "
    "setreuid setsid setuid setxattr spawnlp* spawnvp* splice statvfs sync sysconf sysconf_names "
    "tcgetpgrp tcsetpgrp timerfd_* ttyname uname unlockpt unshare wait wait[34] waitid writev",
    "signal": "ITIMER_* SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPOLL "
    "SIGPROF SIGPWR SIGQUIT SIGRT* SIGSTOP SIGSYS SIGTRAP SIGTSTP SIGTT* SIGURG SIGUSR* SIGVTALRM "
    "SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK SIG_UNBLOCK alarm getitimer pause pidfd_* "
    "pthread_* setitimer siginterrupt sigpending sigtimedwait sigwait*",
    "select": "devpoll epoll kevent kqueue poll",
    "socket": "AF_UNIX CMSG_* SCM_RIGHTS recvmsg* recv_fds send_fds sendmsg SO_REUSEPORT",
    "time": "CLOCK_* clock_* pthread_getcpuclockid tzset",
    "sys": "abiflags getdlopenflags setdlopenflags",
}
"""What the documentation of Python says to be there on Unix or Linux alone, as patterns."""

MODULES = {"crypt", "curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
"""Modules that Windows lacks."""

WARY = ("hasattr", "sys.platform", "AttributeError", "ImportError")
"""What a condition, a ``suppress`` or an ``except`` names that guards what it encloses."""


def unguarded(tree: ast.AST) -> Iterator[str]:
    """Yield each use of something that is not everywhere, outside of any guard."""
    match tree:
        case ast.Attribute(ast.Name(module), name) if _lacks(module, name):
            yield f"{module}.{name}"
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{one.name}" for one in names if _lacks(module, one.name))
            yield from {module} & MODULES
        case ast.Import(names=names):
            yield from {one.name for one in names} & MODULES
    for child in _open_to_all(tree):
        yield from unguarded(child)


def _lacks(module: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in LACKING.get(module, "").split())


def _open_to_all(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts that no guard of this very node encloses."""
    match tree:
        case ast.If(test=test) | ast.IfExp(test=test) if _is_wary(test):
            yield from tree.orelse if isinstance(tree, ast.If) else [tree.orelse]
        case ast.BoolOp(op=ast.And(), values=[first, *_]) if _is_wary(first):
            return
        case ast.With(items=items) if any(_is_wary(item) for item in items):
            return
        case ast.Try(handlers=handlers) if any(_is_wary(one.type) for one in handlers):
            yield from [*handlers, *tree.orelse, *tree.finalbody]
        case _:
            yield from ast.iter_child_nodes(tree)


def _is_wary(guard: ast.AST | None) -> bool:
    return guard is not None and any(word in ast.unparse(guard) for word in WARY)


def test_nothing_is_used_that_a_system_lacks() -> None:
    found = {str(path.relative_to(PACKAGE)): list(unguarded(parsed(path))) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("os.sysconf('x')", ["os.sysconf"]),
        ("from os import fork", ["os.fork"]),
        ("import resource", ["resource"]),
        ("if hasattr(os, 'nice'): os.nice(1)\nelse: os.nice(2)", ["os.nice"]),
        ("a = os.nice(1) if hasattr(os, 'nice') else 2", []),
        ("hasattr(os, 'nice') and os.nice(1)", []),
        ("with suppress(AttributeError): os.getuid()", []),
        ("with suppress(OSError): os.getuid()", ["os.getuid"]),
        ("try: import fcntl\nexcept ImportError: fcntl = None", []),
        ("try: pass\nexcept ImportError: os.WIFEXITED(0)", ["os.WIFEXITED"]),
        ("if sys.platform == 'linux': os.fork()", []),
        ("os.getcwd(); os.walk('.'); signal.SIGTERM; select.select", []),
    ],
)
def test_the_reading_finds_what_is_there(code: str, found: list[str]) -> None:
    assert list(unguarded(ast.parse(code))) == found


BARE = """
import os, signal, sys
del os.sched_getaffinity, os.sysconf, signal.SIGHUP
sys.modules["resource"] = sys.modules["fcntl"] = None
from edgecli.cli import main
main()
"""


@pytest.mark.parametrize(
    "args",
    [
        ("detect", str(SAMPLES / "page.png"), "-f", "canny:1"),
        ("batch", str(SAMPLES / "p*.png"), "--gallery", "--report", "json"),
    ],
)
def test_commands_run_without_what_other_systems_lack(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    """What edgecli uses behind guards is taken away."""
    out = str(tmp_path / ("edges.png" if args[0] == "detect" else "out"))
    command = [sys.executable, "-c", BARE, *args, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.exists(out)
