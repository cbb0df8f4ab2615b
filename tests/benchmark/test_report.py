import csv
import io
import json
import math
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from distmatch.__main__ import main
from distmatch.benchmark.records import check_record, read_record
from distmatch.benchmark.reporting import report
from distmatch.benchmark.tables import tabulate
from distmatch.benchmark.thresholds import thresholds
from distmatch.drawing import Scale, tick_names
from distmatch.runs import SCHEMA

LENGTHS = (32, 64, 128)


def planted_record(method, length, seed, accuracy, **more):
    """A record of a cipher task with a known accuracy."""
    wrong = more.pop("status", "done")
    done = wrong == "done"
    metric = {
        "value": accuracy,
        "n": length,
        "low": None,
        "high": None,
        "higher_is_better": True,
        "unit": "",
    }
    record = {
        "schema": SCHEMA, "id": f"t/{method}/{length}-{seed}", "task": "t", "task_version": 1, "kind": "cipher",
        "axes": {"length": length, "noise": 0.0}, "method": method, "class": "a.B", "settings": {}, "seed": seed,
        "status": wrong, "error": None if done else "planted & <failed>",
        "metrics": {"accuracy": metric} if done else {},
        "bits": {"data": 100.0, "map": 88.0, "saved": 50.0 * accuracy + length} if done else None,
        "confidence": accuracy if done else None, "right": accuracy > 0.95 if done else None, "reason": "planted",
        "context": {"letters": length, "unicity": 40.0}, "seconds": 1.0,
        "cpu_seconds": 0.5 + accuracy * 1e3 % 1 / 20, "warm": True,
        "peak_memory_mib": 100.0, "start_memory_mib": 90.0, "device": "test", "versions": {"python": "3"},
        "commit": "abc", "data_sha256": {"cipher": f"{length}-{seed}"}, "started": "2026-01-01T00:00:00+00:00", "result": {},
    }  # fmt: skip
    return check_record(record | more)


def write(folder: Path, records):
    for r in records:
        place = folder / r["id"]
        place.mkdir(parents=True, exist_ok=True)
        (place / "record.json").write_text(json.dumps(r))
        (place / "config.yaml").write_text(
            json.dumps({"tasks": [{"task": "t", "title": "planted <task>", "hidden": "the key"}]})
        )
    return folder


def accuracies(seed):
    rng = np.random.default_rng(seed)
    good = {n: min(n / 70, 1.0) for n in LENGTHS}
    for n in LENGTHS:
        for run in range(8):
            yield planted_record(
                "good", n, run, float(np.clip(good[n] + rng.normal(0, 0.02), 0, 1))
            )
            yield planted_record(
                "poor", n, run, float(np.clip(good[n] - 0.3 + rng.normal(0, 0.02), 0, 1))
            )
    yield planted_record("broken", 64, 0, 0.0, status="failed")
    yield planted_record("exact", 64, 0, 0.0, status="does not apply")


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "runs", accuracies(0))


class Page(HTMLParser):
    """Ids, links and sources of a page; complains about tags that do not match."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.sources, self.open = set(), [], [], []
        self.feed(html)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if "id" in attributes:
            assert attributes["id"] not in self.ids
            self.ids.add(attributes["id"])
        if "href" in attributes:
            self.links.append(attributes["href"])
        if "src" in attributes:
            self.sources.append(attributes["src"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_self_contained_and_every_link_leads_somewhere(folder, tmp_path):
    out = tmp_path / "deep" / "report.html"
    assert main(["report", str(folder), "--out", str(out), "--quiet"]) == 0
    html = out.read_text()
    page = Page(html)
    assert not page.sources and "http" not in re.sub(r"http://www\.w3\.org\S*", "", html)
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner and inner <= page.ids
    records = [link for link in page.links if link.endswith("record.json")]
    assert len(records) == 50
    assert all((out.parent / link).resolve().is_file() for link in records)
    assert "planted &lt;task&gt;" in html and "planted &amp; &lt;failed&gt;" in html
    for title in ("Where f becomes determined", "unicity distance 40", "Accuracy against cost",
                  "Does the shorter code", "Does it know when it is right"):  # fmt: skip
        assert title in html
    assert "distmatch benchmark ../runs/t/good/32-0/config.yaml --out again" in html


def test_cells_hold_means_intervals_and_ranks(folder):
    found = json.loads(report([folder], format="json"))["cells"]
    by = {(c["method"], c["axes"]["length"]): c for c in found}
    records = [read_record(p) for p in folder.rglob("record.json")]
    for (method, length), cell in by.items():
        values = [r["metrics"]["accuracy"]["value"] for r in records
                  if (r["method"], r["axes"]["length"]) == (method, length) and r["metrics"]]  # fmt: skip
        if not values:
            assert cell["metrics"] == {}
            continue
        told = cell["metrics"]["accuracy"]
        assert told["value"] == pytest.approx(np.mean(values)) and told["n"] == 8
        assert told["low"] <= told["value"] <= told["high"] <= 1
    assert {by["good", n]["rank"] for n in LENGTHS} == {1} and by["poor", 64]["rank"] == 2
    assert by["broken", 64]["status"] == {"failed": 1}
    table = tabulate([(Path("x/record.json"), r) for r in records])[0]
    assert table.rank("length 64")["poor"] == (2, False)
    assert table.varying == ["length"] and len(table.points) == 3


def test_csv_has_a_line_a_run_and_markdown_every_cell(folder):
    rows = list(csv.DictReader(io.StringIO(report([folder], format="csv"))))
    assert len(rows) == 50
    row = next(
        r for r in rows if r["method"] == "good" and r["length"] == "32" and r["seed"] == "3"
    )
    record = read_record(row["record"])
    assert (
        float(row["accuracy"]) == record["metrics"]["accuracy"]["value"] and row["status"] == "done"
    )
    text = report([folder], format="md")
    assert (
        "| broken | not run | failed | not run |" in text
        and "| exact | not run | n/a | not run |" in text
    )
    assert re.search(r"\| good \| 0\.4\d+ \[0\.\d+, 0\.\d+\] #1 \|", text)


def test_lengths_from_which_half_are_solved(tmp_path):
    """Planted shares of 0, 1/4, 3/4 and 1 of eight cross one half between 64 and 128, at 64 x sqrt 2."""
    one = {"n": 1, "low": None, "high": None, "higher_is_better": True, "unit": ""}
    records = []
    for method, solved in (
        ("late", (0, 2, 6, 8)),
        ("always", (8, 8, 8, 8)),
        ("never", (0, 0, 8, 0)),
    ):
        for length, count in zip((32, 64, 128, 256), solved, strict=True):
            for run in range(8):
                r = planted_record(method, length, run, 0.5)
                r["metrics"]["solved"] = {**one, "value": float(run < count)}
                records.append(r)
    table = tabulate([(Path("r"), r) for r in records])[0]
    found = thresholds(list(table.cells.values()))
    assert list(found) == ["always", "late", "never"]
    assert found["late"] == pytest.approx((64 * math.sqrt(2), 64 * math.sqrt(2) / 40))
    assert found["always"][0] == 32 and math.isinf(found["never"][0])
    text = report([write(tmp_path / "runs", records)], format="md")
    assert "always ≤ 32 (0.8 times), late 90.5 (2.3 times), never never" in text


def test_only_what_changed_beyond_noise_is_marked(folder, tmp_path):
    same = write(tmp_path / "same", accuracies(1))
    quiet = json.loads(report([folder], format="json", against=same))["changes"]
    assert quiet and not any(c["marked"] for c in quiet)
    worse = []
    for r in accuracies(2):
        if r["method"] == "good" and r["axes"]["length"] == 64 and r["metrics"]:
            r["metrics"]["accuracy"]["value"] -= 0.25
            r["cpu_seconds"] *= 3
        worse.append(r)
    before = write(tmp_path / "before", worse)
    changes = json.loads(report([folder], format="json", against=before))["changes"]
    marked = [c for c in changes if c["marked"]]
    assert {(c["method"], c["point"], c["quantity"]) for c in marked} == {
        ("good", "length 64", "accuracy"), ("good", "length 64", "CPU seconds")
    }  # fmt: skip
    assert all(c["better"] for c in marked)
    html = report([folder], against=before)
    Page(html)
    assert html.count("▲ better") == 2 and "quantities changed beyond noise" in html


@pytest.mark.parametrize("trials", [200])
def test_noise_is_rarely_marked(trials):
    from distmatch.benchmark.comparison import compare

    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(trials):
        sides = []
        for _ in range(2):
            rows = [planted_record("m", n, s, float(np.clip(rng.normal(0.5, 0.1), 0, 1)))
                    for n in LENGTHS for s in range(5)]  # fmt: skip
            sides.append(tabulate([(Path("x"), r) for r in rows]))
        wrong += any(c.marked for c in compare(*sides))
    assert wrong / trials <= 0.09  # 5 % by design; 0.09 is 2.6 standard errors above


@pytest.mark.parametrize(("low", "high"), [(-0.175, -0.135), (-3, 4), (0, 1e-5), (1e6, 3e6)])
def test_ticks_are_within_the_axis_and_told_apart(low, high):
    ticks = Scale(low, high, 0, 100).ticks()
    assert len(ticks) >= 3 and all(low <= t <= high for t in ticks)
    assert len(set(tick_names(ticks))) == len(ticks)


def test_bad_folders(folder, tmp_path, capsys):
    def error(*arguments):
        assert main(["report", *map(str, arguments)]) == 2
        text = capsys.readouterr().err
        assert text.count("\n") == 1
        return text

    (tmp_path / "empty").mkdir()
    assert "no records" in error(tmp_path / "empty")
    assert "no such folder" in error(tmp_path / "none")
    assert "FOLDERS is missing" in error()
    assert 'Did you mean "html"' in error(folder, "--format", "htlm")
    path = folder / "t/good/32-0/record.json"
    good = path.read_text()
    path.write_text(json.dumps({"schema": 1, "task": "decipher"}))
    assert "record.json: a record of an older schema (1; this version reads 2)" in error(folder)
    path.write_text(good.replace('"schema": 2', '"schema": 9'))
    assert "newer schema" in error(folder)
    path.write_text(good[:100])
    assert "not JSON" in error(folder)
    path.write_text(good.replace('"seed": 0', '"seed": "zero"'))
    assert "seed must be integer" in error(folder)
    path.write_text(good.replace('"task_version": 1', '"task_version": 2'))
    assert "task 't' in version" in error(folder)
    shutil.rmtree(folder / "t/good/32-0")
    assert "cannot write" in error(folder, "--out", "/dev/full/report.html")


def test_nothing_but_finite_numbers_is_written(folder):
    def constant(name):
        raise AssertionError(name)

    json.loads(report([folder], format="json"), parse_constant=constant)
    assert not math.isnan(json.loads(report([folder], format="json"))["cells"][0]["cpu_seconds"])


HOSTILE = "<img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.handlers = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]


def test_markup_in_records_is_text_wherever_it_stands(tmp_path):
    """Task, method, metric, axis value, status text, device: none may become an element of the page."""
    records = []
    for record in accuracies(0):
        metrics = {f"accuracy{HOSTILE}": m for m in record["metrics"].values()}
        more = {"metrics": metrics, "method": f"{record['method']}{HOSTILE}", "device": HOSTILE, "task": f"t{HOSTILE}"}  # fmt: skip
        records.append(record | more | {"error": record["error"] and HOSTILE})
    folder = write(tmp_path / "now", records)
    lower = [r | {"metrics": {k: v | {"value": v["value"] / 2} for k, v in r["metrics"].items()}} for r in records]  # fmt: skip
    before = write(tmp_path / "before", lower)
    for path in folder.rglob("config.yaml"):
        path.write_text(json.dumps({"tasks": [{"task": "t", "title": HOSTILE, "hidden": HOSTILE}]}))
    for path in folder.rglob("good/32-0"):
        steps = [{HOSTILE: 1.0 / (step + 1)} for step in range(9)]
        (path / "history.jsonl").write_text("".join(json.dumps(s) + "\n" for s in steps))
        key = {
            "letters": "ab",
            "symbols": [{"symbol": HOSTILE, "true": "a", "found": "b", "count": 2}],
        }
        (path / "key.json").write_text(json.dumps(key))
    page = report([folder], against=before, title=HOSTILE)
    found = Tags()
    found.feed(page)
    assert page.count("onerror") > 50 and "Convergence" in page and "Key:" in page
    assert "img" not in found.tags and not found.handlers and found.tags.count("script") == 1
