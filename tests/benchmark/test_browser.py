"""The report in a real browser: it renders, its filters work, nothing is fetched, nothing is complained about."""

import json
import os
import shutil
from pathlib import Path

import pytest

from distmatch.__main__ import main

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A report of a real sweep, with a comparison against itself made worse."""
    import yaml

    folder = tmp_path_factory.mktemp("browser")
    config = {
        "benchmark": "b", "seeds": 3,
        "tasks": [{"task": "cipher-words", "axes": {"length": [64, 128, 256], "instance": None}},
                  {"task": "rotation", "axes": {"size": 40, "dimension": 10, "noise": [0.0, 0.3], "anchors": 20}}],
        "methods": ["annealing", "faq", "procrustes"],
    }  # fmt: skip
    (folder / "c.yaml").write_text(yaml.safe_dump(config))
    assert (
        main(["benchmark", str(folder / "c.yaml"), "--out", str(folder / "runs"), "--jobs", "0"])
        == 0
    )
    shutil.copytree(folder / "runs", folder / "before")
    for path in (folder / "before").rglob("record.json"):
        record = json.loads(path.read_text())
        if record["method"] == "faq" and "accuracy" in record["metrics"]:
            value = record["metrics"]["accuracy"]["value"]
            record["metrics"]["accuracy"]["value"] = max(value - 0.3 - record["seed"] / 100, 0)
            path.write_text(json.dumps(record))
    out = folder / "report.html"
    assert (
        main(
            ["report", str(folder / "runs"), "--against", str(folder / "before"), "--out", str(out)]
        )
        == 0
    )
    return out


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["desk", "phone", "dark"])
def page(request, browser, reported):
    size = (
        {"width": 390, "height": 800}
        if request.param == "phone"
        else {"width": 1200, "height": 900}
    )
    scheme = "dark" if request.param == "dark" else "light"
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.complaints, page.fetched = [], []
    page.on(
        "console",
        lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.on("request", lambda r: page.fetched.append(r.url))
    page.goto(reported.as_uri())
    yield page
    assert not page.complaints
    assert {url for url in page.fetched if not url.startswith("data:")} <= {
        url for url in page.fetched if url.startswith("file:")
    }
    if folder := os.environ.get("DISTMATCH_SCREENSHOTS"):
        page.evaluate("location.hash = ''")
        page.screenshot(path=f"{folder}/report-{request.param}.png", full_page=True)
    context.close()


def visible(page, selector):
    return page.locator(selector).filter(visible=True).count()


def test_it_renders_without_sideways_scrolling(page):
    assert page.locator("h1").inner_text() == "distmatch benchmark"
    assert visible(page, "section[data-task] h2") == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    boxes = page.locator("figure svg").all()
    assert len(boxes) >= 8
    for box in boxes:
        place = box.bounding_box()
        if place:  # marks of legends are small
            assert place["x"] >= 0 and place["x"] + place["width"] <= page.viewport_size["width"]
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{p}").strip("rgb()").split(",")[0]
        for p in ("color", "backgroundColor")
    )
    assert abs(int(ink) - int(paper)) > 150


def test_filters_hide_and_show(page):
    rows = "section[data-task='cipher-words'] tr[data-method='faq']"
    assert visible(page, rows) >= 1
    page.locator("nav input[value=faq]").uncheck()
    assert visible(page, rows) == 0
    hidden = page.evaluate(
        "[...document.querySelectorAll('svg g[data-method=faq]')].every(g => g.style.display === 'none')"
    )
    assert hidden and page.locator("svg g[data-method=faq]").count() > 2
    page.locator("nav input[value=faq]").check()
    assert visible(page, rows) >= 1
    page.locator("#task").select_option("rotation")
    assert visible(page, "section[data-task='cipher-words']") == 0
    assert visible(page, "section[data-task='rotation']") == 1
    page.locator("#task").select_option("")
    page.locator("#all").click()
    assert visible(page, "tr[data-method='annealing']") == 0
    page.locator("#all").click()
    assert visible(page, "tr[data-method='annealing']") >= 1


def test_a_number_leads_to_its_records_and_command(page, reported):
    link = page.locator("section[data-task='cipher-words'] td.best a").first
    cell = link.get_attribute("href")[1:]
    link.click()
    opened = page.locator(f"#{cell}[open]")
    opened.wait_for()  # the page hears of the new fragment after the click
    assert opened.locator("tr").count() == 3
    assert "distmatch benchmark runs/cipher-words/" in opened.locator("code").first.inner_text()
    record = opened.locator("a").first.get_attribute("href")
    assert (
        json.loads((reported.parent / record.replace("%3D", "=").replace("%2C", ",")).read_text())[
            "status"
        ]
        == "done"
    )


def test_changes_are_marked_and_the_rest_is_folded_away(page):
    shown = page.locator("td.good").filter(visible=True)
    assert 1 <= shown.count() <= 4 and "better" in shown.first.inner_text()
    rest = page.locator("details", has_text="others: the same, or noise")
    assert visible(page, "td:text-is('same')") == 0
    rest.locator("summary").click()
    assert visible(page, "td:text-is('same')") > 10


def test_it_prints(page, tmp_path):
    page.emulate_media(media="print")
    assert visible(page, "nav.filters") == 0 and visible(page, "section.records") == 0
    assert visible(page, "section[data-task] table") >= 2
    assert page.locator("details.metrics:not([open])").count() >= 2
    folded = page.locator("details.metrics table").first
    assert folded.bounding_box()["height"] > 50, "what is folded on the screen is on paper"
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000
    page.emulate_media(media="screen")


def test_the_filter_stands_in_the_address(page):
    page.locator("nav input[value=faq]").uncheck()
    page.locator("#task").select_option("rotation")
    address = page.url
    assert address.endswith("#task=rotation&off=faq")
    page.goto("about:blank")
    page.goto(address)
    assert visible(page, "section[data-task='cipher-words']") == 0
    assert visible(page, "section[data-task='rotation']") == 1
    assert not page.locator("nav input[value=faq]").is_checked()
    assert page.locator("nav input[value=annealing]").is_checked()
    page.goto("about:blank")
    page.goto(address.partition("#")[0] + "#task=gone&off=gone")
    assert visible(page, "section[data-task]") == 2, "names that are gone hide nothing"


def test_a_heading_sorts_and_rows_are_downloaded(page):
    table = page.locator("section[data-task='cipher-words'] table.sortable").first
    heading = table.locator("th").nth(1)
    heading.click()
    values = [
        float(v)
        for v in table.locator("tbody tr td:nth-child(2) a").all_inner_texts()
        if v[0].isdigit()
    ]
    assert values == sorted(values, reverse=True) and len(values) > 1
    assert heading.get_attribute("aria-sort") == "descending"
    heading.click()
    values = [
        float(v)
        for v in table.locator("tbody tr td:nth-child(2) a").all_inner_texts()
        if v[0].isdigit()
    ]
    assert values == sorted(values)
    page.locator("nav input[value=faq]").uncheck()
    with page.expect_download() as waiting:
        page.locator("section[data-task='cipher-words'] button.csv").first.click()
    assert waiting.value.suggested_filename == "cipher-words.csv"
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith('"method","length 64"') and len(lines) == 3
    assert not any("faq" in line for line in lines)
