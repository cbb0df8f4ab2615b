"""Devices are what was asked for, or an error."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from distmatch.device import choose_device, gather_rows, generator, shard  # noqa: E402
from distmatch.errors import InputError  # noqa: E402


def test_no_silent_fall_back(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="0 CUDA device"):
        choose_device("cuda")
    for name in ("gpu", "cuda:x", "cpu:1"):
        with pytest.raises(InputError, match="unknown device"):
            choose_device(name)


def test_seeds_and_shards():
    assert torch.equal(torch.rand(3, generator=generator(5)), torch.rand(3, generator=generator(5)))
    assert shard(7) == slice(0, 7)
    assert torch.equal(gather_rows(torch.arange(3), 3), torch.arange(3))
