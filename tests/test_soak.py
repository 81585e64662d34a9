"""A small soak of the faults that ``tests/benchmarks/soak.py`` runs at large."""

from __future__ import annotations

from pathlib import Path

from tests.soak import soak


def test_a_batch_among_faults_leaves_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    result = soak(tmp_path, images=18, kills=2, seed=1)
    assert result.faults == []
    assert result.kills > 0
    assert result.changes > 0
