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


def cells_of(records):
    return tabulate([(Path("r"), r) for r in records])[0].cells


def test_few_runs_have_no_interval_and_say_how_many_they_are(tmp_path):
    """Two equal runs would give [1, 1], four a Student's t of 3.2 standard errors."""
    few = [planted_record("m", 64, s, 1.0) for s in range(4)]
    cell = cells_of(few)["all", "m"]
    assert not cell.primary.bounded and not cell.right.bounded and cell.primary.n == 4
    assert cells_of([*few, planted_record("m", 64, 4, 0.9)])["all", "m"].primary.bounded
    one = planted_record("m", 64, 0, 0.5)
    one["metrics"]["accuracy"] |= {"low": 0.4, "high": 0.6}
    assert cells_of([one])["all", "m"].primary.low == 0.4, "a run over 64 letters has its own"
    folder = write(tmp_path / "few", few)
    assert "| m | 1 n=4 #1 |" in report([folder], format="md")
    html = report([folder])
    assert "<small>n = 4</small>" in html and "[1, 1]" not in html


def test_cold_runs_are_not_shown_as_warm(tmp_path):
    cold = [planted_record("cold", 64, s, 0.9, warm=False, cpu_seconds=9.0) for s in range(3)]
    mixed = [planted_record("warm", 64, s, 0.9, warm=s > 0, cpu_seconds=9.0 if s == 0 else 1.0)
             for s in range(3)]  # fmt: skip
    folder = write(tmp_path / "runs", [*cold, *mixed])
    found = {c["method"]: c for c in json.loads(report([folder], format="json"))["cells"]}
    assert found["cold"]["cold"] and found["cold"]["cpu_seconds"] == 9
    assert not found["warm"]["cold"] and found["warm"]["cpu_seconds"] == 1
    text = report([folder], format="md")
    assert "| cold | 9 cold |" in text and "| warm | 1 |" in text
    html = report([folder])
    assert html.count("cold: with loading and compiling") == 1
    assert "Cold, with loading and compiling in the time: cold" in html


@pytest.mark.parametrize(
    "lengths, crossing", [((100, 200), 150.0), ((32, 320), math.sqrt(32 * 320))]
)
def test_the_half_solved_point_is_where_the_drawn_line_crosses(tmp_path, lengths, crossing):
    """Shares of 0 and 1: half way along the axis, linear for a ratio below 8 and logarithmic from there."""
    one = {"n": 1, "low": None, "high": None, "higher_is_better": True, "unit": ""}
    records = []
    for length, share in zip(lengths, (0.0, 1.0), strict=True):
        for run in range(2):
            r = planted_record("m", length, run, 0.5)
            r["metrics"]["solved"] = {**one, "value": share}
            records.append(r)
    cells = list(cells_of(records).values())
    assert thresholds(cells)["m"][0] == pytest.approx(crossing)
    html = report([write(tmp_path / "runs", records)])
    svg = re.search(r"<h4>Where f becomes determined.*?</svg>", html, re.S)[0]
    line = re.search(r'<polyline class="line" points="([^"]+)"', svg)[1]
    (x0, y0), (x1, y1) = (map(float, p.split(",")) for p in line.split())
    ring = re.search(r'<circle class="mark hollow" cx="([\d.]+)" cy="([\d.]+)"', svg)
    assert float(ring[1]) == pytest.approx((x0 + x1) / 2, abs=0.2)
    assert float(ring[2]) == pytest.approx((y0 + y1) / 2, abs=0.2)


def test_hidden_lines_and_pictures_are_told(tmp_path):
    records = [planted_record("good", n, s, n / 200) for n in LENGTHS for s in range(2)]
    records += [planted_record("twin", n, s, n / 200) for n in LENGTHS for s in range(2)]
    records += [planted_record("lost", n, 0, 0, status="failed") for n in LENGTHS]
    html = report([write(tmp_path / "runs", records)])
    assert "Lines that coincide: good under twin." in html
    assert "Without a line, as nothing was measured: lost." in html
    many = []
    for noise in range(8):
        for n in LENGTHS:
            r = planted_record("good", n, noise, 0.5)
            r["axes"]["noise"] = noise / 10
            many.append(r)
    html = report([write(tmp_path / "many", many)])
    assert "6 of 8 settings are drawn against length" in html


def test_titles_of_the_yaml_explain_the_methods(tmp_path):
    folder = write(tmp_path / "runs", [planted_record("m", 64, 0, 0.5)])
    config = {"tasks": [{"task": "t", "title": "T"}], "methods": [{"method": "m", "title": "the <oldest> attack"}]}  # fmt: skip
    (folder / "t" / "m" / "64-0" / "config.yaml").write_text(json.dumps(config))
    assert "<td>m<small>the &lt;oldest&gt; attack</small></td>" in report([folder])


def test_foreign_code_is_never_suggested_without_a_word(tmp_path):
    own = planted_record("own", 64, 0, 0.5)
    ours = planted_record("ours", 64, 0, 0.5, **{"class": "distmatch.a.B"})
    outside = planted_record("outside", 64, 0, 0.5, **{"class": "distmatch.a.B", "settings": {"command": "rm -rf"}})  # fmt: skip
    html = report([write(tmp_path / "runs", [own, ours, outside])])
    assert "rerun those of others only if you trust them" in html
    rows = re.findall(r"<code>distmatch benchmark \S+/(\w+)/64-0/config.yaml.*?</td>", html, re.S)
    told = dict(re.findall(
        r"<code>distmatch benchmark \S+/(\w+)/64-0/config.yaml[^<]*</code>(?:<small>runs (.*?),)?", html))  # fmt: skip
    assert set(rows) == set(told) == {"own", "ours", "outside"}
    assert told == {"own": "a.B", "ours": "", "outside": "rm -rf"}


def test_latex_and_unknown_suffixes(folder, tmp_path, capsys):
    out = tmp_path / "t.tex"
    assert main(["report", str(folder), "--out", str(out), "--quiet"]) == 0
    text = out.read_text()
    assert text.startswith("% distmatch benchmark: ") and r"\usepackage{booktabs}" in text
    assert text.count(r"\begin{tabular}{lrrr}") == text.count(r"\end{tabular}") == 1
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 4 and all(line.endswith(r"\\") and line.count("&") == 3 for line in body)
    assert re.search(r"^good & \\textbf\{0\.4\d+\} \[0\.\d+, 0\.\d+\] &", "\n".join(body), re.M)
    from distmatch.benchmark.plaintables import escaped

    assert escaped(r"a_b & 5 % {x}\~^#$") == (
        r"a\_b \& 5 \% \{x\}\textbackslash{}\textasciitilde{}\textasciicircum{}\#\$"
    )
    assert main(["report", str(folder), "--out", str(out), "--quiet"]) == 0, "ours, replaced"
    assert main(["report", str(folder), "--out", str(tmp_path / "t.pdf")]) == 2
    error = capsys.readouterr().err
    assert "'pdf' names no format" in error and ".tex" in error and error.count("\n") == 1
    assert not (tmp_path / "t.pdf").exists()


def test_exported_records_are_a_leaderboard_that_others_can_join(folder, tmp_path, capsys):
    mine, theirs, board = (tmp_path / n for n in ("mine.jsonl", "theirs.jsonl", "board.html"))
    assert main(["report", str(folder), "--out", str(mine), "--quiet"]) == 0
    assert len(mine.read_text().splitlines()) == 50
    other = write(tmp_path / "other", [planted_record("theirs", n, s, 0.99) for n in LENGTHS for s in range(8)])  # fmt: skip
    assert main(["report", str(other), "--out", str(theirs), "--quiet"]) == 0
    shutil.rmtree(other)
    assert main(["report", str(folder), str(theirs), "--out", str(board), "--quiet"]) == 0
    together = json.loads(report([mine, theirs], format="json"))["cells"]
    assert {c["method"] for c in together} == {"good", "poor", "broken", "exact", "theirs"}
    assert report([folder, mine, theirs], format="md") == report([mine, theirs], format="md")
    assert "planted <task>." in report([mine], format="md"), "titles travel with the records"
    page = Page(board.read_text())
    assert sum(link.endswith("theirs.jsonl") for link in page.links) == 24
    theirs.write_text(theirs.read_text() + "{\n")
    assert main(["report", str(theirs)]) == 2
    error = capsys.readouterr().err
    assert "theirs.jsonl" in error and "25" in error and error.count("\n") == 1
    assert main(["report", str(mine), "--out", str(mine), "--force"]) == 2, "an input is kept"


def test_the_sweep_ends_with_its_table(write_config, tmp_path, capsys, method):
    methods = [method("first"), method("second", bad_seed=0, how="raise")]
    config = write_config(methods=methods, seeds=1)
    arguments = ["benchmark", config, "--out", str(tmp_path / "r"), "--jobs", "0"]
    assert main(arguments) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "tiny: precision@1, #1 is the best"
    assert out[1].split() == ["size", "10", "size", "12"]
    assert re.match(r"  first  +0(\.\d+)? #1  +0(\.\d+)? #1$", out[2])
    assert out[3].split() == ["second", "failed", "failed"]
    assert out[-1].startswith("4 runs in ")
    assert main([*arguments, "--quiet"]) == 1
    assert "#1" not in capsys.readouterr().out
    other = tmp_path / "r" / "another-task" / "m" / "1"
    other.mkdir(parents=True)
    (other / "record.json").write_text(
        '{"schema": 1}'
    )  # of an older version, and none of this sweep
    assert main(arguments) == 1 and "#1" in capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 200])
def test_terminal_tables_fit(width, tmp_path):
    from distmatch.benchmark.plaintables import terminal

    rows = [planted_record(f"method-{m}", 2**k, 0, 0.5) for m in range(6) for k in range(5, 14)]
    text = terminal(tabulate([(Path("r"), r) for r in rows]), width)
    assert max(map(len, text.splitlines())) <= width + 2
    for m in range(6):
        assert f"method-{m}" in text
    assert text.count("0.5 #1") == 54
