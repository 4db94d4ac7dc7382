"""What people come to the page for, and how many actions it takes them, as docs/page.md says."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts import ROOT
from tests.fixtures.browsing import drop, needs_chromium, opened
from tests.fixtures.fakes import served

pytestmark = [pytest.mark.slow, needs_chromium]

_EXAMPLES = sorted((ROOT / "demo" / "examples").glob("synthetic-[np]*.png"))
TOLD = dict(re.findall(r"^\| ([^|]+?) \| [^|]+ \| (\d+) \|$", (ROOT / "docs" / "page.md").read_text(), re.MULTILINE))


class Hands:
    """What a person does on a page, one action at a time."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def choose(self, path: Path, box: str = "#upload") -> None:
        """Choose or drop a file."""
        self.actions += 1
        self.page.set_input_files(f"{box} input[type=file]", path)

    def drop(self, path: Path) -> None:
        """Drop a file somewhere on the page."""
        self.actions += 1
        drop(self.page, "header h1", path)

    def click(self, selector: str) -> None:
        self.actions += 1
        self.page.locator(selector).first.click()

    def open_tab(self, name: str) -> None:
        self.actions += 1
        self.page.get_by_role("tab", name=name).click()

    def press(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)

    def drag(self, selector: str, button: str) -> None:
        self.actions += 1
        box = self.page.locator(selector).first.bounding_box()
        self.page.mouse.move(box["x"] + 100, box["y"] + 100)
        self.page.mouse.down(button=button)
        self.page.mouse.move(box["x"] + 40, box["y"] + 140)
        self.page.mouse.up(button=button)


@pytest.fixture
def chest() -> Path:
    return _EXAMPLES[-1]


@pytest.fixture
def sixty(tmp_path: Path) -> Path:
    """An archive of sixty chests."""
    path = tmp_path / "ward.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(60):
            archive.write(_EXAMPLES[number % len(_EXAMPLES)], f"{number:02}.png")
    return path


def read(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    expect(hands.page.locator("#answer-card")).to_contain_text(re.compile("outlined region (matters|is not confirmed)"))
    expect(hands.page.locator("#viewer canvas").first).to_be_visible()


def whose(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict")).to_contain_text("Read as")
    expect(hands.page.locator("#verdict")).to_contain_text("radiographs of")


def where(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict")).to_contain_text(re.compile("(zone|lung)s?: [0-9]+% of it"))


def window(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#viewer canvas").first).to_be_visible()
    before = hands.page.locator("#viewer [data-sets=width]").input_value()
    hands.drag("#viewer canvas", "right")
    assert hands.page.locator("#viewer [data-sets=width]").input_value() != before


def change_the_point(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#figures")).to_contain_text("Balanced")
    hands.click("#operating-point label:has-text('Screening')")
    expect(hands.page.locator("#figures")).to_contain_text("Screening")


def compare(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    hands.open_tab("Compare")
    expect(hands.page.locator("#compare-table .bar")).to_have_count(3)


def batch(hands: Hands, sixty: Path) -> None:
    hands.drop(sixty)  # where single images are read; it goes to Batch
    hands.click("#batch-button")
    expect(hands.page.locator("#batch-progress")).to_contain_text("60 images:", timeout=120_000)
    hands.click("#batch-table [role=option]")
    expect(hands.page.locator("#batch-verdict")).to_contain_text("Probability of pneumonia")


def pdf(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    with hands.page.expect_download() as download:
        hands.click("#report-pdf")
    assert download.value.suggested_filename.endswith(".pdf")


def keyboard(hands: Hands, _: Path) -> None:
    for _ in range(30):
        hands.press("Tab")
        if hands.page.evaluate("Boolean(document.activeElement.closest('.examples'))"):
            break
    hands.press("Enter")
    expect(hands.page.locator("#verdict")).to_contain_text("Probability of pneumonia")


def telephone(hands: Hands, chest: Path) -> None:
    hands.choose(chest)
    expect(hands.page.locator("#verdict .bar")).to_be_in_viewport()
    expect(hands.page.locator("#operating-point")).to_be_in_viewport()


TASKS: dict[str, Callable[[Hands, Path], None]] = {
    "read an image, see its evidence, and whether that matters": read,
    "is it for my patient": whose,
    "where is it": where,
    "change level and width": window,
    "change the operating point": change_the_point,
    "compare the networks on it": compare,
    "read an archive of 60, open the most doubtful": batch,
    "take a PDF home": pdf,
    "read an example by the keyboard alone": keyboard,
    "read on a telephone": telephone,
}


@pytest.fixture(scope="module")
def published() -> Iterator[str]:
    """Address of a page with the published networks."""
    with served("real") as address:
        yield address


@pytest.fixture
def page(browser: Browser, published: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A freshly opened page with the published networks, of a telephone's width where the task is that one's."""
    yield from opened(browser, published, width=390 if "telephone" in request.node.name else 1440)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_as_many_actions_as_the_document_says(task, page, chest, sixty):
    hands = Hands(page)
    TASKS[task](hands, sixty if TASKS[task] is batch else chest)
    print(f"{task}: {hands.actions}")
    assert TOLD[task] == str(hands.actions)


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_answer_bar_and_operating_point_are_in_sight_together(browser, published, chest, width):
    for page in opened(browser, published, width=width):
        read(Hands(page), chest)
        for part in ("#verdict h2.answer", "#verdict .bar", "#operating-point"):
            expect(page.locator(part)).to_be_in_viewport(ratio=1)
