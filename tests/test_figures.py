"""Figures in docs/results name the file that their command wrote, and agree with it."""

import importlib.util
import json
import re
import sys
from pathlib import Path

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
    top = page.read_text("utf-8").splitlines()[2]
    assert top.startswith("Figures: "), "the line below the title says where the figures are"
    named = re.findall(r"`([\w.-]+\.json)`", top)
    assert named or re.search(r"by hand on \d+ \w+ 20\d\d, no file", top)
    for name in named:
        assert (RESULTS / name).exists(), name


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
    assert found == {("joint.json", n) for n in ("keys", "delta", "threshold")} | {
        ("joint_model.json", "grid")
    }


def test_a_changed_figure_is_noticed(tables):
    page = (RESULTS / "joint.md").read_text("utf-8").replace("47.6 (39.6)", "48.6 (39.6)")
    made = tables.tables(RESULTS / "joint.json")
    wrong = [
        name
        for file, name, shown in tables.blocks(page)
        if file == "joint.json" and shown != made[name]
    ]
    assert wrong == ["delta"]


def words_rows(kind):
    return [
        r
        for r in json.loads((RESULTS / "joint_words.json").read_text("utf-8"))
        if r["kind"] == kind
    ]


def expected_of_words():
    """What the page says of words, captions, vectors and soft keys, from the file."""
    long, short, paid = ([r for r in words_rows("cipher") if (r["x"], r["n"]) == at]
                         for at in ((3_500_000, 100_000), (3_500_000, 20_000), (300_000, 60_000)))  # fmt: skip

    def both(rows, show):
        return [show(r) for r in rows]

    for rows in (long, short, paid):
        a, b = both(rows, lambda r: f"{100 * r['right']:.1f}")
        yield f"{a}, {b} %"
    a, b = both(paid, lambda r: f"{r['delta']:,.0f}")
    c, d = both(paid, lambda r: f"{r['percent']:.1f}")
    yield f"Δ {a} and {b} bits, {c} and {d} % of C(Y), lexicon {paid[0]['map']:,.0f} bits paid"
    files = words_rows("files")
    a, b = both(files, lambda r: f"{100 * r['right_of_lexicon']:.1f}")
    yield f"{a}, {b} % of the tokens of the 500 words of the lexicon"
    a, b = both(files, lambda r: f"{100 * r['right_of_all']:.1f}")
    yield f"{a}, {b} % of all tokens"
    a, b = both(files, lambda r: f"{r['delta']:,.0f}")
    c, d = both(files, lambda r: f"{r['percent']:.2f}")
    yield f"Δ {a} and {b} bits, {c} and {d} % of C(Y)"
    french, german = words_rows("captions")
    yield f"{french['mapped']:,.0f} bits through the lexicon ({french['map']:,.0f} of them the lexicon), {french['y']:,.0f} alone"
    yield f"{german['mapped']:,.0f} against {german['y']:,.0f}, {100 * (german['mapped'] / german['y'] - 1):.1f} % more"
    vectors = {r["map_of"]: r for r in words_rows("vectors")}
    gold = vectors["dictionary"]
    yield f"C(Y) {gold['y']:,.0f} bits"
    yield f"C(Y|f(X)) {gold['y_given_x']:,.0f}, map {gold['map']:,.0f}, Δ {gold['delta']:,.0f} bits"
    apart, random = vectors["no ranks"]["delta"], vectors["random rotation 0"]["delta"]
    yield f"without ranks of frequency {apart:,.0f}; two random rotations {random:.1f}"
    right = [r["right"] for r in words_rows("soft") if r["n"] == 256]
    solved = sum(share >= 0.95 for share in right)
    yield f"256 letters {100 * min(right):.1f} to 100 % of letters ({solved}/4 solved)"


def test_the_prose_on_words_says_what_the_file_holds():
    page = plain((RESULTS / "joint.md").read_text("utf-8"))
    expected = list(expected_of_words())
    assert len(expected) == 13
    for figures in expected:
        assert figures in page, figures


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
