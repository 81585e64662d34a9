"""What a batch remembers, and what it makes of a journal that was torn, or of somebody else's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgecli.batch.journal import Entry, Journal, file_hash, settings_hash
from edgecli.detect.maps import Lines
from edgecli.detect.settings import Settings
from edgecli.errors import OutputError
from edgecli.operators.operators import load_operator


def entry(key: str, size: int = 1) -> Entry:
    outputs, reports = [{"path": f"{key}.png"}], [{"n": 1}]
    return {
        "input": key, "size": size, "settings": None, "outputs": outputs, "reports": reports
    }  # fmt: skip


@contextmanager
def journal(folder: Path, *, restart: bool = False) -> Iterator[Journal]:
    with closing(Journal(str(folder), restart=restart)) as opened:
        yield opened


def fill(folder: Path, *entries: Entry) -> bytes:
    with journal(folder) as opened:
        for one in entries:
            opened.append(one["input"], json.dumps(one))
    return (folder / ".edgecli-batch.jsonl").read_bytes()


NAMES = ["a.png", "ü/b.png", "bytes\udcff\n.png", ', "reports": [']


def test_what_is_written_is_found_again(tmp_path: Path) -> None:
    fill(tmp_path, *map(entry, NAMES))
    with journal(tmp_path) as opened:
        assert not opened.is_new
        for name in NAMES:
            offset = opened.offsets.get(name)
            assert offset is not None
            assert opened.read(offset) == entry(name)
            assert opened.read_head(offset) == {
                k: v for k, v in entry(name).items() if k != "reports"
            }
        assert opened.offsets.get("c.png") is None
        assert list(opened.outputs()) == [f"{name}.png" for name in NAMES]


def test_the_latest_line_counts_and_a_long_one_is_whole(tmp_path: Path) -> None:
    long = entry("a.png", 2) | {"reports": [{"n": n} for n in range(5000)]}
    fill(tmp_path, entry("a.png"), entry("b.png"), long)
    with journal(tmp_path) as opened:
        offset = opened.offsets.get("a.png")
        assert offset is not None
        assert opened.read(offset) == long


def test_a_journal_torn_anywhere_keeps_the_lines_that_are_whole(tmp_path: Path) -> None:
    data = fill(tmp_path, entry("a.png"), entry("b.png"))
    first = data.index(b"\n") + 1
    for end in range(len(data) + 1):
        (tmp_path / ".edgecli-batch.jsonl").write_bytes(data[:end])
        whole = data[: first * (end >= first)] if end < len(data) else data
        assert fill(tmp_path, entry("c.png")).startswith(whole)
        with journal(tmp_path) as opened:
            found = [opened.offsets.get(name) is not None for name in ("a.png", "b.png", "c.png")]
        assert found == [end >= first, end == len(data), True]


def test_lines_of_somebody_elses_are_passed_over(tmp_path: Path) -> None:
    strange = b'no json\n[1]\n{"other": 1}\n{"input": [1]}\n\xff\n'
    (tmp_path / ".edgecli-batch.jsonl").write_bytes(strange)
    assert fill(tmp_path, entry("a.png")).startswith(strange)
    with journal(tmp_path) as opened:
        assert list(opened.outputs()) == ["a.png.png"]


def test_to_restart_is_to_forget_what_is_done_but_not_whose_it_is(tmp_path: Path) -> None:
    fill(tmp_path, entry("a.png"))
    with journal(tmp_path, restart=True) as opened:
        assert opened.offsets.get("a.png") is None
        assert list(opened.outputs()) == ["a.png.png"]


def test_a_folder_has_one_batch_at_a_time(tmp_path: Path) -> None:
    again = f"from edgecli.batch.journal import Journal; Journal({str(tmp_path)!r})"
    with journal(tmp_path) as opened:
        opened.append("a.png", json.dumps(entry("a.png")))
        done = subprocess.run([sys.executable, "-c", again], capture_output=True, check=False)
        assert done.returncode == 1
        assert b"another batch is writing to" in done.stderr
    subprocess.run([sys.executable, "-c", again], check=True)


def test_a_journal_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".edgecli-batch.jsonl").mkdir()
    with pytest.raises(OutputError, match="cannot be written: Is a directory; give another folder"):
        Journal(str(tmp_path))


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 1_000_000)
    known = subprocess.run(["sha256sum", tmp_path / "x"], capture_output=True, check=True)
    assert file_hash(str(tmp_path / "x")) == known.stdout.split()[0].decode()


def test_equal_settings_have_equal_hashes_and_others_other() -> None:
    def settings(filter_: str = "canny:2", *, mask: int = 1) -> Settings:
        lines = Lines(thin=True, mask=np.full((4, 4), mask, bool))
        return Settings((load_operator(filter_),), lines=lines)

    plain = settings()
    assert settings_hash(plain) == settings_hash(settings())
    others = [
        settings("canny:2.1"), settings("sobel"), settings(mask=0),
        replace(plain, stride=(2, 1)), replace(plain, padding="valid"), replace(plain, bias=(1,)),
    ]  # fmt: skip
    hashes = {settings_hash(plain), *map(settings_hash, others)}
    assert len(hashes) == 1 + len(others)


def test_a_hash_is_the_same_in_every_process() -> None:
    code = (
        "from edgecli.batch.journal import settings_hash\n"
        "from edgecli.operators.operators import load_operator\n"
        "from edgecli.detect.settings import Settings\n"
        "print(settings_hash(Settings((load_operator('contours'),))))"
    )
    hashes = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"input": "\xff", "size": 1}',
        b'{"input": "a.png", "size": 1}',
        json.dumps(entry("a.png")).replace('"outputs": [{', '"outputs": [[{').encode(),
        json.dumps(entry("a.png")).replace('"path"', '"part"').encode(),
        json.dumps(entry("a.png")).replace('{"n": 1}', "[").encode(),
        json.dumps(entry("a.png")).replace('{"n": 1}', "1").encode(),
        json.dumps(entry("a.png")).replace('"a.png.png"', "2").encode(),
        json.dumps(entry("a.png")).replace("1}", "9" * 5000 + "}").encode(),
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_counts_as_never_written(tmp_path: Path, damaged: bytes) -> None:
    fill(tmp_path, entry("b.png"))
    path = tmp_path / ".edgecli-batch.jsonl"
    path.write_bytes(damaged + b"\n" + path.read_bytes())
    with journal(tmp_path) as opened:
        assert list(opened.offsets) == ["b.png"]
        assert list(opened.outputs()) == ["b.png.png"]
