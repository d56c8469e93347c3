"""A browser shows the report of a run: at any width, in light and dark, and by the keyboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.verification.defences import CAMPAIGN
from tests.verification.reports import CELLS, NAME, ran, reported_in, tossed
from verification import __main__

pytest.importorskip("matplotlib", reason="pip install -e '.[plot]'")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium: apt-get install --no-install-recommends chromium"
)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reported_in(tmp_path_factory.mktemp("reported"))


def browsed(path: Path, *options: str) -> tuple[str, str]:
    """The page's elements as headless Chromium has them, and its log."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=2000",
            f"--user-data-dir={path.parent / 'browser'}",
            *options,
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, done.stderr


def asked(path: Path, script: str, *options: str, width: int = 1200) -> dict[str, Any]:
    """What a script finds out on the page, in a frame: a window is never as narrow as a telephone.

    The policy, which would refuse the script, is taken off.
    """
    text = re.sub("<meta http-equiv[^>]*>", "", path.read_text(encoding="utf-8"))
    added = (
        f"<script>{{const said = {{}}; {script}; "
        "parent.document.body.dataset.said = encodeURIComponent(JSON.stringify(said))}"
        "</script></body>"
    )
    framed = escape(text.replace("</body>", added))
    probe = path.with_name("probe.html")
    probe.write_text(
        f'<!doctype html><body><iframe width="{width}" height="900" srcdoc="{framed}"></iframe>',
        encoding="utf-8",
    )
    shown, log = browsed(probe, *options)
    assert "CONSOLE" not in log, log
    found = re.search('data-said="([^"]*)"', shown)
    assert found is not None
    answer: dict[str, Any] = json.loads(unquote(found[1]))
    return answer


def test_a_browser_runs_it_without_a_complaint(reported: Path, tmp_path: Path) -> None:
    """And one that has something to complain of is heard."""
    shown, log = browsed(reported / "report.html")
    assert "CONSOLE" not in log, log
    assert shown.count("<figure>") == 5
    text = (reported / "report.html").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.html"  # what its policy refuses
    harm = "<script>hacked</script><img src=x.png>"
    wrong.write_text(text.replace("</body>", f"{harm}</body>"), encoding="utf-8")
    assert browsed(wrong)[1].count("CONSOLE") == 2


@pytest.mark.parametrize("width", [360, 1300])
def test_its_pictures_are_drawn_and_fit_the_screen(reported: Path, width: int) -> None:
    script = """
    said.inner = innerWidth;
    said.wide = document.documentElement.scrollWidth;
    said.boxes = [...document.querySelectorAll("figure svg")].map((svg) => {
      const box = svg.getBoundingClientRect();
      const inked = [...svg.querySelectorAll("path, use")].filter((one) => {
        const own = one.getBoundingClientRect();
        return own.width + own.height > 0;
      });
      const words = [...svg.querySelectorAll("text")].map((one) => one.getBoundingClientRect());
      const out = words.filter((one) => one.right > box.right + 1 || one.left < box.left - 1);
      const high = Math.min(...words.map((one) => Math.min(one.height, one.width)));
      return [box.left, box.right, box.height, inked.length, words.length, out.length, high];
    })
    """
    found = asked(reported / "report.html", script, width=width)
    assert found["inner"] == width
    assert found["wide"] <= found["inner"]
    assert len(found["boxes"]) == 5
    for left, right, height, inked, words, out, letters in found["boxes"]:
        assert 0 <= left < right <= found["inner"]
        assert right - left >= 300
        assert height >= 150
        assert inked >= 20
        assert words >= 8
        assert out == 0
        assert letters > 0


def test_a_heading_sorts_its_table_and_is_a_button(reported: Path) -> None:
    script = """
    const table = document.querySelector("#cells");
    const heads = [...table.tHead.rows[0].cells];
    const read = (name) => {
      const column = heads.findIndex((one) => one.textContent === name);
      return [...table.tBodies[0].rows].map((row) =>
        row.cells[column].dataset.value ?? row.cells[column].textContent);
    };
    said.before = read("n");
    for (const name of ["n", "Tightness", "Learner"]) {
      const head = heads.find((one) => one.textContent === name);
      const button = head.querySelector("button");
      button.focus();
      said[name] = [document.activeElement === button, button.tabIndex];
      for (const turn of ["up", "down"]) {
        button.click();
        said[name].push(head.getAttribute("aria-sort"), read(name));
      }
    }
    said.sorted = heads.filter((one) => one.getAttribute("aria-sort") !== "none").length
    """
    found = asked(reported / "report.html", script)
    assert [float(one) for one in found["before"]] != sorted(float(one) for one in found["before"])
    assert found["sorted"] == 1
    for name in ("n", "Tightness", "Learner"):
        focused, place, first, up, second, down = found[name]
        assert (focused, place, first, second) == (True, 0, "ascending", "descending")
        assert len(up) == len(down) == CELLS
        values = [one if name == "Learner" else float(one) for one in up]
        assert values == sorted(values)
        back = [one if name == "Learner" else float(one) for one in down]
        assert back == sorted(back, reverse=True)


def test_text_and_pictures_are_read_in_light_and_dark(reported: Path) -> None:
    """Contrast of at least 4.5 for letters, as WCAG 2.1 asks, and 3 for lines."""
    script = """
    const light = (colour) => {
      const [r, g, b] = colour.match(/[0-9.]+/g).map((one) => {
        const c = one / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = light(getComputedStyle(document.body).backgroundColor);
    const against = (colour) => {
      const [low, high] = [light(colour), paper].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    said.paper = paper;
    const all = (where) => [...document.querySelectorAll(where)].map((one) => getComputedStyle(one));
    said.letters = Math.min(
      ...all("h1, li, p, dd, td, th, a, figcaption, button").map((one) => against(one.color)),
      ...all("svg text").map((one) => against(one.fill)));
    said.lines = Math.min(...all("#records-1-axes_1 path[style*='var(--c']")
      .map((one) => one.stroke).filter((one) => one !== "none").map(against));
    const probe = document.body.appendChild(document.createElement("p"));
    said.palette = [0, 1, 2, 3, 4, 5].map((place) => {
      probe.style.color = `var(--c${place})`;
      return against(getComputedStyle(probe).color);
    })
    """
    papers = []
    for setting in (1, 0):  # Chromium's numbers for light and dark
        option = f"--blink-settings=preferredColorScheme={setting}"
        found = asked(reported / "report.html", script, option)
        papers.append(found["paper"])
        assert found["letters"] >= 4.5
        assert found["lines"] >= 3
        assert min(found["palette"]) >= 3
    assert papers[0] > 0.9
    assert papers[1] < 0.1


def test_trade_offs_fit_the_screen_and_their_tables_sort(tmp_path: Path) -> None:
    """Pictures, two tables that scroll in themselves, and infinity after every number."""
    folder = ran(tmp_path, CAMPAIGN.replace("[0, 1, 2, 3, 4, 5, 6, 7]", "[0, 1]"))
    arguments = ["report", str(folder), "--campaign", str(folder / "campaign.toml")]
    assert __main__.run(arguments) == 0
    assert "CONSOLE" not in browsed(folder / "report.html")[1]
    script = """
    said.wide = document.documentElement.scrollWidth;
    said.figures = document.querySelectorAll("#tradeoffs figure svg").length;
    said.tables = [...document.querySelectorAll("#tradeoffs table")].map((one) => one.id);
    const table = document.querySelector("#tradeoff-settings");
    const heads = [...table.tHead.rows[0].cells];
    const column = heads.findIndex((one) => one.textContent === "Information, nats");
    heads[column].querySelector("button").click();
    said.values = [...table.tBodies[0].rows].map((row) => row.cells[column].dataset.value ?? "")
    """
    found = asked(folder / "report.html", script, width=360)
    assert found["wide"] <= 360
    assert found["figures"] == 4
    assert found["tables"] == ["tradeoff-verdicts", "tradeoff-settings"]
    known = [float(one) for one in found["values"] if one]
    assert known == sorted(known)
    assert known[-1] == inf
    assert found["values"][len(known) :] == [""] * 11  # not read: the second panel


def test_names_that_are_markup_do_nothing_in_a_browser(tmp_path: Path) -> None:
    folder = tossed(tmp_path, name=NAME)
    assert __main__.run(["report", str(folder)]) == 0
    script = """
    said.hacked = typeof hacked;
    said.images = document.images.length;
    said.name = document.querySelector("#cells tbody tr").cells[1].textContent;
    said.drawn = [...document.querySelectorAll("svg text")].map((one) => one.textContent)
    """
    found = asked(folder / "report.html", script)
    assert (found["hacked"], found["images"], found["name"]) == ("undefined", 0, NAME)
    assert NAME in found["drawn"]
