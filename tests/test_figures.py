"""Figures in docs/results name the file that their command wrote, and agree with it."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
PAGES = sorted(RESULTS.glob("*.md"))


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables"] = module
    spec.loader.exec_module(module)
    return module


def plain(text):
    """A text on one line, without the marks of emphasis."""
    return re.sub(r"\s+", " ", text.replace("*", ""))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_at_its_top_which_file_holds_its_figures(page):
    text = page.read_text("utf-8")
    top = text.splitlines()[2]
    assert top.startswith("Figures: "), "the line below the title says where the figures are"
    named = re.findall(r"`([\w.-]+\.json)`", top)
    assert named, "figures are those of a file"
    for name in named:
        assert (RESULTS / name).exists(), name
    assert not re.search(r"\bby hand\b|earlier session", text), "history stands in docs/log.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_one_that_a_file_makes(page, tables):
    assert "|---" not in tables.BLOCK.sub("", page.read_text("utf-8"))


def test_every_file_of_results_is_named_by_a_page():
    pages = "".join(
        page.read_text("utf-8") for page in [*PAGES, ROOT / "README.md", *ROOT.glob("docs/*.md")]
    )
    for file in RESULTS.glob("*.json"):
        assert file.name in pages, file.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_those_that_the_files_make(page, tables):
    for file, name, shown in tables.blocks(page.read_text("utf-8")):
        assert shown == tables.tables(RESULTS / file)[name], (
            f"{file}: {name}. Run benchmarks/tables.py --into"
        )


def test_the_tables_of_joint_are_backed(tables):
    """The pages could not pass by having no table at all."""
    found = {
        (file, name) for file, name, _ in tables.blocks((RESULTS / "joint.md").read_text("utf-8"))
    }
    kept = {"joint.json": ("keys", "delta", "threshold"), "joint_model.json": ("grid",),
            "joint_words.json": ("words", "captions", "vectors", "soft")}  # fmt: skip
    assert found == {(file, name) for file, names in kept.items() for name in names}


def test_a_changed_figure_is_noticed(tables):
    page = (RESULTS / "joint.md").read_text("utf-8").replace("47.6 (39.6)", "48.6 (39.6)")
    made = tables.tables(RESULTS / "joint.json")
    wrong = [
        name
        for file, name, shown in tables.blocks(page)
        if file == "joint.json" and shown != made[name]
    ]
    assert wrong == ["delta"]


def kept(file):
    return json.loads((RESULTS / file).read_text("utf-8"))


def cells(file, table):
    """Rows of a table that a benchmark kept."""
    return [row["cells"] for row in kept(file)["tables"][table]["rows"]]


def expected_of_joint():
    """What the page of joint codes says in words, from its files."""
    words = [
        r["right"] for r in kept("joint_words.json") if r["kind"] == "cipher" and r["n"] == 100_000
    ]
    yield "97 % of tokens at V = 500 and Y 100,000 (met)", min(words) >= 0.97
    deltas = [
        r["delta"]
        for r in kept("joint_words.json")
        if r["kind"] in ("cipher", "files") and "delta" in r
    ]
    yield "Δ > 0 with the lexicon charged (met on codes, not on Multi30k)", min(deltas) > 0
    assert all(r["delta"] < 0 for r in kept("joint_words.json") if r["kind"] == "captions")
    rows = kept("joint.json")
    for name, sizes in (("xz", (512, 4096, 16384, 65536)), ("ppmd", (512, 4096, 16384, 65536)),
                        ("brotli", (4096, 16384, 65536)), ("zstd", (4096, 16384, 65536))):  # fmt: skip
        for n in sizes:
            part = [r["percent"] - r["control"] for r in rows
                    if r["kind"] == "peers" and (r["name"], r["n"]) == (name, n)]  # fmt: skip
            yield "within ±3.4", abs(np.mean(part)) < 3.45
    gaps = [r["bits"] - r["separate_bits"] for r in kept("joint_model.json")]
    yield "is behind the separate one in every cell", np.mean(gaps) > 0


def expected_of_compression():
    for row in cells("compression.json", "coder"):
        yield (
            "at most ppmd's bits (met on every row), at least 0.3 MB/s (met)",
            (float(row[-2]) <= 1 and float(row[2]) >= 0.3),
        )


def expected_of_codes():
    rows = {row[0]: row for row in cells("ciphers-codes.json", "words")}
    means = {
        n: np.mean([float(r[1].rstrip(" %")) for name, r in rows.items() if f" {n} tokens" in name])
        for n in (10000, 40000)
    }
    yield "reached at 40,000 on average, short at 10,000", means[40000] >= 97 > means[10000]
    given = [float(row[1].split()[1]) for row in cells("ciphers-codes.json", "transposition given")]
    yield "met in every seed", all(ser <= 25 for ser in given) and len(given) == 4
    codes = cells("ciphers-codes.json", "dictionary codes")
    yield "No confidence of these reaches belief", max(float(r[3]) for r in codes) < 0.9


def expected_of_alignment():
    printed = kept("readme.json")["printed"]
    scored = next(r["stdout"] for c, r in printed.items() if c.startswith("distmatch evaluate"))
    yield "82.5 % (met)", float(re.search(r"precision@1 +([\d.]+)", scored)[1]) >= 82.5


def expected_of_benchmark():
    made = kept("benchmark.json")
    found = {(c["task"], c["method"], c["point"]): c for c in made["cells"]}

    def value(task, method, point, metric):
        return found[task, method, point]["metrics"][metric]["value"]

    lengths = sorted({int(p.split()[1]) for t, _, p in found if t == "cipher-novels"})
    search, pairs = ("annealing", "symbol-search"), ("faq", "gromov", "wasserstein")
    for n in lengths[:4]:
        least = min(value("cipher-novels", m, f"length {n}", "accuracy") for m in search)
        most = max(value("cipher-novels", m, f"length {n}", "accuracy") for m in pairs)
        yield "Methods that see only pairs of letters need far longer texts", least > most
    sizes = [p for t, m, p in found if (t, m) == ("texts-novels", "joint")]
    for point in sizes:
        if "random" in point:
            saved = value("texts-novels", "joint", point, "delta")
            yield "saves nothing on random data but for the price of its choice", -4 < saved <= 0
            gain = value("texts-novels", "xz", point, "delta_percent")
            yield "what xz gains, its control shows too", gain > 0
        else:
            right = value("texts-novels", "joint", point, "key_accuracy")
            yield "finds the key wherever there is one", right > 0.9
            yield (
                "finds the same keys",
                value("texts-novels", "symbol-search", point, "key_accuracy") > 0.9,
            )
    for cell in made["cells"]:
        if cell["task"] == "finite-class":
            yield (
                "The bound holds and is loose",
                (cell["metrics"]["gap"]["value"] < 0.5 * cell["metrics"]["bound"]["value"]),
            )


def expected_of_transport():
    rows = {row[0].split(",")[0]: row for row in cells("transport.json", "sinkhorn")}
    memory = {name: float(row[2].replace(",", "")) for name, row in rows.items()}
    seconds = {name: float(row[1]) for name, row in rows.items()}
    yield "a third of POT's memory (met)", memory["dense"] <= memory["POT"] / 3
    yield "and in its time (met)", seconds["dense"] <= seconds["POT"]
    yield "streaming within 100 MiB (met)", memory["streaming"] <= 100
    raw = cells("transport.json", "raw")
    yield (
        "150 of 150 problems of Sinkhorn and 150 of 150 unbalanced ones",
        all(
            row[2] == row[5] == row[6] == "50" and row[7] == "0"
            for row in raw
            if "Gromov" not in row[0]
        ),
    )
    yield "at most 1e-3 (met)", max(float(row[3]) for row in rows.values()) <= 1e-3


EXPECTED = {
    "transport.md": expected_of_transport,
    "benchmark.md": expected_of_benchmark,
    "joint.md": expected_of_joint, "compression.md": expected_of_compression, "ciphers-codes.md": expected_of_codes,
    "alignment.md": expected_of_alignment,
}  # fmt: skip


@pytest.mark.parametrize("page", EXPECTED)
def test_the_prose_of_a_page_says_what_its_file_holds(page):
    text = plain((RESULTS / page).read_text("utf-8"))
    said = list(EXPECTED[page]())
    assert said
    for words, true in said:
        assert plain(words) in text, words
        assert true, words


def test_results_keep_rows_and_replace_them(tables, tmp_path, capsys):
    path = tmp_path / "made.json"
    for accuracy in ("0.5", "0.7"):
        results = tables.Results(path)
        results.row("t", ("task", "accuracy"), ("a", accuracy))
    results.row("t", ("task", "accuracy"), ("b", 1))
    made = tables.tables(path)
    assert made == {"t": "| task | accuracy |\n|---|---|\n| a | 0.7 |\n| b | 1 |"}
    kept = json.loads(path.read_text())["tables"]["t"]["rows"][0]
    assert kept["command"].startswith("python ") and re.fullmatch(r"20\d\d-\d\d-\d\d", kept["date"])
    page = "x\n<!-- made.json: t -->\nold\n<!-- end -->\ny"
    assert made["t"] in tables.refreshed(page, "made.json", made)
    assert "old" in tables.refreshed(page, "other.json", {"t": "new"})
