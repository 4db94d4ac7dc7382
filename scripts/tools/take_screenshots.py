"""Take the pictures of the page that the README and docs/gallery.md show, with synthetic examples. Needs Chromium."""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image

from pneumonia.cli.exit_codes import DONE, run_command
from scripts import ROOT
from scripts.tools.headless_browser import headless_browser
from scripts.tools.make_dicom_example import write_image
from scripts.tools.served_page import served_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Number of the example that is shown: the first with pneumonia.
_EXAMPLE = 3
_NORMAL = 1
_EXAMPLES = sorted((ROOT / "demo" / "examples").glob("*.png"))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    gallery = ["# The page in pictures", "Taken with synthetic examples by `python -m scripts.tools.take_screenshots`."]
    with headless_browser() as browser, served_page() as served:
        for name, (title, width, theme, show) in _PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{served.address}/?__theme={theme}")
            show(page)
            page.mouse.move(0, 0)
            page.wait_for_timeout(1500)  # images fade in, curves are drawn
            with Image.open(BytesIO(page.screenshot(full_page=True))) as picture:
                picture.save(arguments.output / f"{name}.webp", quality=82, method=6)
            page.close()
            gallery += [f"## {title}", f"![{title}]({name}.webp)"]
    (arguments.output / "gallery.md").write_text("\n\n".join(gallery) + "\n")
    return DONE


def _read(page: "Page") -> None:
    _choose_example(page, "#verdict")
    # Until the region was tested; the card warns of one that is not confirmed.
    page.locator("#support").filter(has_not_text="Testing").wait_for(state="attached")


def _adult(page: "Page") -> None:
    """A DICOM file that states an age."""
    with TemporaryDirectory() as folder:
        page.set_input_files("#upload input[type=file]", write_image(Path(folder) / "image.dcm", PatientAge="054Y"))
        _wait_for_answer(page, "#verdict")


def _unsure(page: "Page") -> None:
    """An example without its upper and lower fifth, whose lungs do not tell how old the patient is."""
    with TemporaryDirectory() as folder, Image.open(_EXAMPLES[_EXAMPLE + 1]) as example:
        path, fifth = Path(folder) / "image.png", example.height // 5
        example.crop((0, fifth, example.width, example.height - fifth)).save(path)
        page.set_input_files("#upload input[type=file]", path)
        _wait_for_answer(page, "#verdict")


def _refused(page: "Page") -> None:
    page.locator(".examples button:visible", has_text="Refused").click()
    page.locator("#verdict .offers button").first.wait_for()


def _compare(page: "Page") -> None:
    page.get_by_role("tab", name="Compare").click()
    _choose_example(page, "#compare-table")


def _two_images(page: "Page") -> None:
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("tab", name="Two images").click()
    for place, example in enumerate((_NORMAL, _EXAMPLE)):
        page.set_input_files(f"#pair-upload-{place} input[type=file]", _EXAMPLES[example])
        page.locator("#pair-table .bar").nth(place).wait_for()


def _batch(page: "Page") -> None:
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-upload input[type=file]", _EXAMPLES)
    page.locator("#batch-button").click()
    page.locator("#batch-progress").get_by_text(f"{len(_EXAMPLES)} images:").wait_for()
    page.locator("#batch-table").get_by_role("option", name=_EXAMPLES[_EXAMPLE].name).click()
    page.locator("#batch-verdict").get_by_text("Probability of pneumonia").wait_for()


def _performance(page: "Page") -> None:
    page.get_by_role("tab", name="Performance").click()
    page.locator("#performance-at-threshold table").first.wait_for()


def _about(page: "Page") -> None:
    page.get_by_role("tab", name="About").click()


def _choose_example(page: "Page", result: str) -> None:
    page.locator(".examples button:visible", has_text="Pneumonia 1").click()
    _wait_for_answer(page, result)


def _wait_for_answer(page: "Page", result: str) -> None:
    page.locator(result).get_by_text("Probability of pneumonia").first.wait_for()


# By name of the file: title, width in pixels, theme, and what is done before it is taken.
_PICTURES: dict[str, tuple[str, int, str, Callable[["Page"], None]]] = {
    "read": ("Read: a child", 1440, "light", _read),
    "read-dark": ("Read, on a small screen, dark", 1024, "dark", _read),
    "read-narrow": ("Read, on a telephone", 390, "dark", _read),
    "read-adult": ("Read: an adult, by the age in a DICOM file", 1440, "light", _adult),
    "read-unsure": ("Read: the page is not sure whose radiograph it is, and asks", 1440, "light", _unsure),
    "read-refused": ("Read: a refused picture, and what can be done", 1024, "light", _refused),
    "compare": ("Compare: one image, all networks", 1440, "light", _compare),
    "compare-narrow": ("Compare, on a telephone", 390, "light", _compare),
    "two-images": ("Compare: an earlier and a later image", 1440, "dark", _two_images),
    "batch": ("Batch", 1440, "light", _batch),
    "batch-narrow": ("Batch, on a telephone", 390, "light", _batch),
    "performance": ("Performance", 1440, "light", _performance),
    "performance-narrow": ("Performance, on a telephone", 390, "dark", _performance),
    "about": ("About", 1024, "light", _about),
}


if __name__ == "__main__":
    run_command(main)
