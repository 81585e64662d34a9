"""What a process may use: the smallest of all limits, whichever system sets them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgecli.rows import machine
from edgecli.rows.machine import cores, free_descriptors, memory

UNLIMITED = "9223372036854771712"  # of version 1


class Tree:
    """Files of /proc and /sys below a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)

    def write(self, path: str, text: str) -> None:
        file = Path(self.root, path.lstrip("/"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def place(self, own: str, *mounts: str) -> None:
        """Say which groups the process is in, and what is mounted."""
        self.write("/proc/self/cgroup", own)
        self.write("/proc/self/mountinfo", "".join(f"{mount}\n" for mount in mounts))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A machine of 64 processors, of which nothing but control groups takes any."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr(machine, "_installed", lambda: [2**40])
    monkeypatch.setattr(machine, "_resource_limits", lambda *_: [])
    return Tree(tmp_path)


V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"


def v1(controller: str, top: str = "/") -> str:
    return (
        f"31 23 0:27 {top} /sys/fs/cgroup/{controller} rw,relatime - cgroup cgroup rw,{controller}"
    )


def test_without_groups_the_machine_is_all_there_is(tree: Tree) -> None:
    assert (cores(tree.root), memory(tree.root)) == (64, 2**40)


def test_version_2_the_smallest_limit_up_to_the_top_counts(tree: Tree) -> None:
    tree.place("0::/pod/box\n", V2)
    tree.write("/sys/fs/cgroup/pod/box/memory.max", "max\n")
    tree.write("/sys/fs/cgroup/pod/box/memory.high", "800000000\n")
    tree.write("/sys/fs/cgroup/pod/memory.max", "700000000\n")
    tree.write("/sys/fs/cgroup/pod/box/cpu.max", "max 100000\n")
    tree.write("/sys/fs/cgroup/pod/cpu.max", "250000 100000\n")
    tree.write("/sys/fs/cgroup/pod/neighbour/memory.max", "5\n")
    assert (cores(tree.root), memory(tree.root)) == (3, 700_000_000)


def test_version_2_seen_from_inside_a_container(tree: Tree) -> None:
    tree.place("0::/\n", V2)
    tree.write("/sys/fs/cgroup/memory.max", "250000000\n")
    tree.write("/sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert (cores(tree.root), memory(tree.root)) == (1, 250_000_000)


def test_version_1(tree: Tree) -> None:
    own = "9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n"
    tree.place(own, v1("memory"), v1("cpu,cpuacct"))
    tree.write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "250000000\n")
    tree.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", UNLIMITED)
    tree.write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "200000\n")
    tree.write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n")
    tree.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    tree.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    assert (cores(tree.root), memory(tree.root)) == (2, 250_000_000)


@pytest.mark.parametrize("top", ["/docker/abc", "/docker/other", "/.."])
def test_version_1_a_container_sees_its_own_group_as_the_top(tree: Tree, top: str) -> None:
    """Where the mount's root is the group itself, or one that the path does not lead through."""
    tree.place("9:memory:/docker/abc\n", v1("memory", top))
    tree.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "123456789\n")
    assert memory(tree.root) == 123_456_789


def test_both_versions_side_by_side(tree: Tree) -> None:
    v2 = V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    tree.place("9:memory:/a\n0::/b\n", v1("memory"), v2)
    tree.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "500000000\n")
    tree.write("/sys/fs/cgroup/unified/b/cpu.max", "400000 100000\n")
    assert (cores(tree.root), memory(tree.root)) == (4, 500_000_000)


def test_places_may_have_spaces(tree: Tree) -> None:
    tree.place("0::/a b\n", V2.replace("/sys/fs/cgroup", r"/my\040groups"))
    tree.write("/my groups/a b/memory.max", "99000000\n")
    assert memory(tree.root) == 99_000_000


@pytest.mark.parametrize("text", ["", "max\n", "much\n", "-1\n"])
def test_what_is_no_number_is_no_limit(tree: Tree, text: str) -> None:
    tree.place("0::/\n", V2)
    tree.write("/sys/fs/cgroup/memory.max", text)
    tree.write("/sys/fs/cgroup/cpu.max", text)
    assert (cores(tree.root), memory(tree.root)) == (64, 2**40)


def said(code: str, limit: str) -> str:
    pytest.importorskip("resource")
    command = f"ulimit {limit}; exec '{sys.executable}' -c '{code}'"
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_limits_of_the_shell_count() -> None:
    code = "from edgecli.rows.machine import memory; print(memory())"
    assert said(code, "-v 500000") == str(500_000 * 1024)


def test_open_files_are_counted() -> None:
    count = "from edgecli.rows.machine import free_descriptors as free; print(free())"
    free = int(said(count, "-n 40"))
    assert 30 <= free <= 37  # the standard streams are open
    assert int(said(f"import os; kept = os.dup(0); {count}", "-n 40")) == free - 1


def test_a_system_without_any_of_it_has_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert cores("/nowhere") == os.cpu_count()
    assert memory("/nowhere") == machine.USUAL_MEMORY
    assert free_descriptors() is None
