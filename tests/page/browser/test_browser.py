"""The page in a real browser."""

import base64
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from pypdf import PdfReader

from demo.shared import texts as shared_texts
from demo.tabs.compare import texts as compare_texts
from demo.tabs.read import texts as read_texts
from demo.viewer import texts as viewer_texts
from pneumonia.core.correction import TURNED, Correction
from pneumonia.core.labels import NORMAL, PNEUMONIA
from pneumonia.core.notices import CITATION, INTENDED_USE, LIMITS, NOTICE
from pneumonia.explain.strength import STEPS
from pneumonia.inference.chest_check import ON_ITS_SIDE
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from pneumonia.weights.folder import WEIGHTS_FOLDER
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.browsing import drop, needs_chromium, opened, upload
from tests.fixtures.fakes import served

pytestmark = needs_chromium


def test_a_chosen_file_is_read_at_once_and_its_name_is_not_shown(page, chest):
    upload(page, chest)
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("Probability of pneumonia")
    for said in ("sensitivity 95.1%", "specificity 90.2%", NOTICE):
        expect(page.locator("#figures")).to_contain_text(said)
    expect(verdict.get_by_role("img")).to_have_attribute("aria-label", _containing("counts as pneumonia from 50.0%"))
    expect(page.locator("#viewer canvas[role=img]")).to_have_attribute("aria-label", _containing("evidence"))
    expect(page.locator("#viewer .viewer-key")).to_contain_text(STEPS[-1][0])
    expect(page.locator("#checks")).to_contain_text(shared_texts.CHECKS)
    assert "Jane" not in page.locator("body").inner_text()
    expect(page.locator("[role=status][aria-live=polite]").first).to_contain_text("Probability")


@pytest.mark.slow
def test_a_pasted_image_is_read_at_once(page, chest):
    encoded = base64.b64encode(Path(chest).read_bytes()).decode("ascii")
    page.evaluate(
        """(encoded) => {
            const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
            document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: clipboard, bubbles: true}));
        }""",
        encoded,
    )
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")


@pytest.mark.slow
def test_another_image_replaces_the_result(page, chest, brighter):
    upload(page, chest)
    first = _overlay(page)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.CLOSE)
    upload(page, brighter)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.SIGNS)
    _wait_for_another(page, first)


@pytest.mark.slow
def test_another_variant_reads_the_image_again_at_once(page, chest):
    upload(page, chest)
    first = _overlay(page)
    page.locator("#variant").get_by_label("Custom CNN").check()
    expect(page.locator("#checks")).to_contain_text("Custom CNN")
    _wait_for_another(page, first)
    # By keyboard, faster than the network: the last one counts.
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    chosen = page.locator("#variant input:checked").evaluate("(input) => input.closest('label').innerText")
    expect(page.locator("#checks")).to_contain_text(chosen)
    page.wait_for_timeout(1000)
    expect(page.locator("#checks")).to_contain_text(chosen)


@pytest.mark.slow
def test_a_file_that_is_too_large_is_told_and_the_last_answer_is_said_to_be_of_another(page, chest, tmp_path):
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    with (large := tmp_path / "large.png").open("wb") as file:
        file.truncate(101 * 10**6)
    page.set_input_files("#upload input[type=file]", large)
    expect(page.get_by_role("alert")).to_contain_text("larger than 100 MB and was not read")
    upload(page, chest)
    expect(page.locator(".too-large")).to_have_count(0)


@pytest.mark.slow
def test_what_was_said_of_a_patient_is_not_said_of_the_next(page, chest, brighter):
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    page.locator("#population input[value=adults]").check()
    page.locator("#prevalence input").first.check()
    expect(page.locator("#predictive")).to_contain_text("predictive value")
    probability = page.locator("#verdict .bar-above strong")
    earlier = probability.inner_text()
    upload(page, brighter)
    expect(page.locator("#population input[value=auto]")).to_be_checked()
    expect(page.locator("#prevalence input:checked")).to_have_count(0)
    expect(probability).not_to_have_text(earlier)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    expect(page.locator("#predictive")).not_to_contain_text("predictive value")


@pytest.mark.slow
def test_the_last_answer_is_not_seen_while_the_next_image_is_sent(page, chest, brighter):
    upload(page, chest)
    expect(page.locator("#verdict .bar")).to_be_visible()
    held = []
    page.route("**/upload?*", lambda route: held.append(route))  # Playwright asks for a function
    upload(page, brighter)
    for place in ("#verdict .bar", "#viewer canvas[role=img]"):
        expect(page.locator(place).first).to_be_hidden()
    (sent,) = held
    sent.continue_()
    for place in ("#verdict .bar", "#viewer canvas[role=img]"):
        expect(page.locator(place).first).to_be_visible()


@pytest.mark.slow
def test_where_a_choice_fails_the_last_answer_is_taken_away(browser, address, chest, brighter):
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#upload input[type=file]", state="attached")
    upload(page, chest)
    expect(page.locator("#verdict .bar")).to_be_visible()
    said = {"error": "The disk &amp; more is full."}

    def answer(route: Route) -> None:
        chosen = "second.png" in (route.request.post_data or "") and '"data":[{' in route.request.post_data
        route.fulfill(status=500, json=said) if chosen else route.continue_()

    page.route("**/run/predict", answer)
    upload(page, brighter)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.TRY_AGAIN)
    expect(page.locator("#viewer canvas[role=img]")).to_have_count(0)
    expect(page.locator(".told")).to_have_text("The disk & more is full.")
    page.keyboard.press("Escape")
    expect(page.locator(".told")).to_have_count(0)
    page.close()


@pytest.mark.slow
def test_after_a_gap_of_the_network_the_page_begins_anew(page, chest):
    upload(page, chest)
    expect(page.locator("#verdict .bar")).to_be_visible()
    page.context.set_offline(True)
    page.locator("#variant input").first.check()
    expect(page.get_by_text("Connection to the server was lost")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.CHOOSE, timeout=20_000)
    expect(page.locator("#viewer canvas[role=img]")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["header h1", "#viewer", "#upload button"])
def test_a_file_dropped_anywhere_is_read(page, chest, where):
    drop(page, where, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    page.wait_for_timeout(500)
    assert page.locator("#verdict section").count() == 1


@pytest.mark.slow
def test_a_dropped_file_goes_to_the_tab_in_sight_and_nothing_leaves_the_page(page, chest, brighter):
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
    drop(page, "header h1", chest, brighter)
    expect(page.locator("#pair-table .bar")).to_have_count(2)
    page.get_by_role("tab", name="About").click()
    drop(page, "#about", chest)
    expect(page.locator("#about")).to_be_visible()


@pytest.fixture
def archive(tmp_path: Path, chest: str, brighter: str) -> Path:
    """A ZIP archive of two radiographs."""
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (chest, brighter):
            archive.write(name, Path(name).name)
    return path


@pytest.mark.slow
def test_an_archive_dropped_on_read_is_sent_to_batch(page, archive):
    drop(page, "#upload button", archive)
    expect(page.locator("#batch-upload")).to_be_visible()
    expect(page.locator("#batch-upload")).to_contain_text("two")


@pytest.mark.slow
def test_an_archive_chosen_on_read_is_refused_with_a_button_that_sends_it_to_batch(page, archive, chest):
    upload(page, str(archive))
    offer = page.locator("#verdict").get_by_role("button", name=read_texts.OPEN_IN_BATCH)
    offer.wait_for()
    # What is chosen on another tab meanwhile is not sent in its place.
    page.get_by_role("tab", name="Compare").click()
    upload(page, chest, "#compare-upload")
    expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
    page.get_by_role("tab", name="Read").click()
    offer.click()
    expect(page.locator("#batch-upload")).to_be_visible()
    expect(page.locator("#batch-upload")).to_contain_text("two")


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS_FOLDER / DEFAULT).is_dir(), reason="the weights folder has no trained weights")
def test_a_picture_on_its_side_is_turned_with_one_click_and_the_answer_says_so(browser, tmp_path):
    turned = tmp_path / "turned.png"
    with Image.open(EXAMPLE) as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(turned)
    with served("real") as address:
        for page in opened(browser, address):
            upload(page, str(turned))
            expect(page.locator("#verdict")).to_contain_text(ON_ITS_SIDE, timeout=20_000)
            expect(page.locator("#operating-point")).to_be_hidden()
            page.locator("#verdict").get_by_role("button", name=read_texts.CORRECTIONS[Correction(3)]).click()
            expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia", timeout=20_000)
            expect(page.locator("#verdict")).to_contain_text(TURNED[3].message)
            assert page.evaluate("document.activeElement.id") == "verdict" or page.evaluate(
                "Boolean(document.activeElement.closest('#verdict'))"
            )


@pytest.mark.slow
def test_the_focus_stays_on_the_upload_box(page, chest):
    box = page.locator("#upload button").first
    page.wait_for_timeout(2000)  # until Gradio made it for the last time
    box.focus()
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    page.wait_for_function("document.activeElement.closest('#upload')", timeout=3000)


@pytest.mark.slow
def test_another_operating_point_changes_the_verdict_alone(page, chest):
    upload(page, chest)
    first = _overlay(page)
    page.locator("#operating-point").get_by_label("Rule-in").check()
    expect(page.locator("#figures")).to_contain_text("from 80.0% on counts")
    # A mark on the bar chooses its point, too.
    page.locator(".bar-mark").first.click()
    expect(page.locator("#figures")).to_contain_text("from 20.0% on counts")
    expect(page.locator("#operating-point").get_by_label("Screening")).to_be_checked()
    assert _overlay(page) == first


@pytest.mark.slow
def test_what_is_drawn_can_be_chosen_with_the_keyboard(page, chest):
    upload(page, chest)
    viewer = page.locator("#viewer")
    for label in (viewer_texts.LUNGS, viewer_texts.COLOURS):
        before = _overlay(page)
        layer = viewer.get_by_role("button", name=label, exact=True)
        expect(layer).to_have_attribute("aria-pressed", "true")
        layer.focus()
        page.keyboard.press("Space")
        expect(layer).to_have_attribute("aria-pressed", "false")
        _wait_for_another(page, before)


@pytest.mark.slow
def test_a_threshold_of_ones_own_and_a_prevalence_are_weighed_at_once(page, chest):
    upload(page, chest)
    expect(page.locator("#figures")).to_contain_text("from 50.0% on counts")
    page.get_by_text(read_texts.OWN_THRESHOLD).click()
    _set(page, "#threshold", "0.9")
    expect(page.locator("#figures")).to_contain_text("from 90.0% on counts")
    expect(page.locator("#operating-point input:checked")).to_have_count(0)
    _set(page, "#threshold", "60")  # typed as if in percent
    page.keyboard.press("Tab")
    expect(page.locator("#threshold input[type=number]")).to_have_value("0.999")
    expect(page.locator("#figures")).to_contain_text("from 99.9% on counts")
    page.locator("#operating-point").get_by_label("Screening").check()
    expect(page.locator("#threshold input[type=number]")).to_have_value("0.2")
    expect(page.locator("#predictive")).to_have_text("")
    page.locator("#prevalence").get_by_label("10", exact=True).check()
    expect(page.locator("#predictive")).to_contain_text("Positive predictive value where 10% have it")
    other = page.locator("#prevalence-other input")
    expect(other).to_have_value("")
    other.fill("2.5")
    expect(page.locator("#predictive")).to_contain_text("Positive predictive value where 2.5% have it")
    expect(page.locator("#prevalence input:checked")).to_have_count(0)
    page.locator("#prevalence").get_by_label("20", exact=True).check()
    expect(page.locator("#predictive")).to_contain_text("where 20% have it")
    expect(other).to_have_value("")


@pytest.mark.slow
def test_the_view_asks_the_server_nothing_and_never_changes_the_reading(page, chest):
    upload(page, chest)
    overlay, verdict, asked = _overlay(page), page.locator("#verdict section").inner_text(), []
    page.wait_for_timeout(1000)  # what follows a reading by itself
    page.on("request", lambda request: None if "heartbeat" in request.url else asked.append(request.url))
    page.locator("#viewer [data-sets=opacity]").fill("20")
    page.locator("#viewer [data-sets=width]").fill("50")
    for name in (viewer_texts.INVERT, viewer_texts.ZOOM_IN, viewer_texts.AGAINST, viewer_texts.BESIDE):
        page.locator("#viewer").get_by_role("button", name=name, exact=True).click()
    _wait_for_another(page, overlay)
    assert page.locator("#verdict section").inner_text() == verdict and not asked


@pytest.mark.slow
def test_the_outlined_region_is_tested_by_itself_and_drawn_in_dashes_where_it_is_not_confirmed(page, chest):
    upload(page, chest)
    expect(page.locator("#support")).to_contain_text("The outlined region matters")
    canvas = page.locator("#viewer canvas[role=img]")
    expect(canvas).not_to_have_attribute("aria-label", _containing("dashes"))
    page.locator("#variant").get_by_label("Custom CNN").check()
    expect(page.locator("#verdict .warnings")).to_contain_text(shared_texts.REGION_UNCONFIRMED)
    expect(page.locator("#support")).to_be_empty()
    expect(canvas).to_have_attribute("aria-label", _containing(viewer_texts.UNCONFIRMED))
    expect(page.locator("#viewer .viewer-panes figcaption")).to_contain_text(viewer_texts.UNCONFIRMED)


@pytest.mark.slow
def test_a_bad_file_gives_its_sentence_and_no_prediction(page, chest, tmp_path):
    document = tmp_path / "report.png"
    document.write_bytes(b"%PDF-1.7 a report")
    upload(page, chest)
    # Two uploads on their way at once may arrive in either order; a person chooses one after the other.
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    upload(page, str(document))
    alert = page.locator("#verdict [role=alert]")
    expect(alert).to_contain_text("PDF")
    expect(page.locator("#verdict")).not_to_contain_text("%")
    expect(page.locator("#viewer .viewer")).to_be_hidden()
    for idle in ("#operating-point", "#prevalence", "#figures", "#own-threshold", "#read-button"):
        expect(page.locator(idle)).to_be_hidden()
    assert "Traceback" not in page.content()


@pytest.mark.slow
def test_compare_shows_every_variant_and_whether_they_agree(page, chest):
    page.get_by_role("tab", name="Compare").click()
    upload(page, chest, "#compare-upload")
    table = page.locator("#compare-table")
    expect(table.locator("tbody tr")).to_have_count(len(PUBLISHED))
    expect(table).to_contain_text("The networks disagree")
    expect(table).to_contain_text(NOTICE)
    expect(page.locator("#compare-viewer canvas[role=img]")).to_have_count(1 + len(PUBLISHED))
    page.locator("#compare-operating-point").get_by_label("Rule-in").check()
    expect(table).to_contain_text("counts as pneumonia from 80.0%")


@pytest.mark.slow
def test_two_images_stand_side_by_side(page, chest, brighter):
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
    table = page.locator("#pair-table")
    upload(page, chest, "#pair-upload-0")
    expect(table).to_contain_text("Not chosen yet.")
    upload(page, brighter, "#pair-upload-1")
    expect(table).to_contain_text("No change beyond what two images of one child differ by")
    expect(table).to_contain_text(NOTICE)
    page.locator("#pair-variant").get_by_label("Custom CNN").check()
    expect(table.locator(".bar")).to_have_count(2)
    page.locator("#pair-operating-point").get_by_label("Rule-in").check()
    expect(table).to_contain_text("counts as pneumonia from 80.0%")
    assert "Jane" not in page.locator("body").inner_text()


def test_a_batch_fills_the_table_whose_rows_are_filtered_and_opened(page, chest, brighter, tmp_path):
    document = tmp_path / "letter.png"
    document.write_bytes(b"%PDF-1.7 a letter")
    page.get_by_role("tab", name="Batch").click()
    upload(page, [chest, brighter, str(document)], "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("3 images:")
    expect(page.locator("#batch-progress")).to_contain_text(NOTICE)
    table = page.locator("#batch-table")
    expect(table).to_contain_text("PDF")
    table.get_by_role("button", name="Signs 1", exact=True).click()
    expect(table).not_to_contain_text("PDF")
    table.get_by_role("option").first.click()
    expect(page.locator("#batch-verdict")).to_contain_text("Image 2: second.png")
    expect(page.locator("#batch-viewer canvas[role=img]")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#batch-csv").click()
    assert download.value.suggested_filename == "readings.csv"
    assert len(Path(download.value.path()).read_text().splitlines()) == 4
    with page.expect_download() as download:
        page.locator("#batch-overlays").click()
    assert download.value.suggested_filename == "overlays.zip"
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 2


@pytest.mark.promise("A name that is markup is shown as text.", part="Security")
def test_a_name_that_is_markup_is_shown_as_text(page, chest, tmp_path):
    name = "<img src=missing onerror=document.title='run'>.png"  # asks for what is not there, if it is drawn
    with zipfile.ZipFile(tmp_path / "markup.zip", "w") as archive:
        archive.write(chest, name)
    page.get_by_role("tab", name="Batch").click()
    upload(page, str(tmp_path / "markup.zip"), "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-table")).to_contain_text(name)
    page.locator("#batch-table").get_by_role("option").first.click()
    expect(page.locator("#batch-verdict")).to_contain_text(name)
    assert page.title() != "run"


@pytest.mark.slow
def test_a_stopped_batch_keeps_what_was_read(page, chest, tmp_path):
    packed = tmp_path / "many.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(3000):
            archive.write(chest, f"{number}.png")
    page.get_by_role("tab", name="Batch").click()
    upload(page, str(packed), "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("left.")
    page.locator("#batch-stop").click()
    expect(page.locator("#batch-progress")).to_contain_text("Stopped: ")
    expect(page.locator("#batch-progress")).to_contain_text("of 3000 images were read, and are kept")
    expect(page.locator("#batch-csv")).to_be_enabled()


@pytest.mark.slow
def test_one_click_gives_the_report_of_what_is_shown(page, chest, brighter):
    pdf, with_name = page.locator("#report-pdf"), page.locator("#report-name input")
    expect(pdf).to_be_hidden()
    upload(page, chest)
    expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
    first = _downloaded(page, "#report-pdf", ".pdf")
    assert NOTICE in first and "counts as pneumonia from 50.0%" in first and "Jane" not in first
    page.locator("#operating-point").get_by_label("Rule-in").check()
    expect(page.locator("#figures")).to_contain_text("from 80.0% on counts")
    with_name.check()
    second = _downloaded(page, "#report-pdf", ".pdf")
    assert "counts as pneumonia from 80.0%" in second and "Jane" in second
    record = json.loads(_downloaded(page, "#report-json", ".json"))
    assert record["readings"][0]["operating_point"] == "rule-in" and "Jane" in record["name"]
    upload(page, brighter)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.CLOSE_LEANS)
    third = _downloaded(page, "#report-pdf", ".pdf")
    assert "second.png" in third and "Jane" not in third
    page.locator("#variant").get_by_label("Custom CNN").check()
    expect(page.locator("#checks")).to_contain_text("Custom CNN")
    assert "Custom CNN" in _downloaded(page, "#report-pdf", ".pdf")


@pytest.mark.slow
def test_one_click_gives_the_report_of_a_comparison(page, chest):
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare-report-pdf")).to_be_hidden()
    upload(page, chest, "#compare-upload")
    text = _downloaded(page, "#compare-report-pdf", ".pdf")
    assert "The networks disagree" in text and all(f"--variant {variant} " in text for variant in PUBLISHED)
    record = json.loads(_downloaded(page, "#compare-report-json", ".json"))
    assert [reading["variant"] for reading in record["readings"]] == list(PUBLISHED)


@pytest.mark.slow
def test_performance_shows_figures_curves_and_another_threshold(page):
    page.get_by_role("tab", name="Performance").click()
    expect(page.locator("#performance-overview tbody tr")).to_have_count(len(PUBLISHED))
    expect(page.locator("#performance-roc svg, #performance-roc canvas").first).to_be_visible()
    expect(page.locator("#performance-at-threshold")).to_contain_text("from 50.0%")
    page.locator("#performance-threshold input[type=number]").fill("0.9")
    page.keyboard.press("Enter")
    expect(page.locator("#performance-at-threshold")).to_contain_text("from 90.0%")


@pytest.mark.slow
def test_about_says_what_the_model_cards_say(page):
    page.get_by_role("tab", name="About").click()
    about = page.locator("#about")
    for said in (NOTICE, INTENDED_USE, shared_texts.TRAINED_ON, *LIMITS, CITATION):
        expect(about).to_contain_text(said)


@pytest.mark.promise("Two readers do not see each other's images.", part="Many readers")
def test_two_readers_do_not_see_each_others_images(page, browser, address, chest):
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability")
    for other in opened(browser, address):
        other.locator("#operating-point").get_by_label("Screening").check()
        other.locator("#read-button").click()
        expect(other.get_by_text("Choose an image first.")).to_be_visible()
        expect(other.locator("#verdict")).to_contain_text("Choose, drop or paste a radiograph, or click an example")


@pytest.mark.slow
@pytest.mark.skipif(not list((ROOT / "demo/examples").glob("*.png")), reason="there are no example images")
def test_one_click_on_an_example_reads_it(page):
    page.locator(".examples button").first.click()
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_runs_out_of_a_narrow_screen(browser, address, chest, theme):
    for page in opened(browser, f"{address}/?__theme={theme}", width=390):
        upload(page, chest)
        expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("tab", name="Compare").click()
        upload(page, chest, "#compare-upload")
        expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.promise("Missing weights are marked, and the other variants work.", part="Faults")
def test_missing_weights_are_marked_and_the_others_work(browser, chest):
    with served("without-frozen") as address:
        for page in opened(browser, address):
            expect(page.locator("#variant")).to_contain_text("MobileNetV2, frozen (unavailable)")
            page.locator("#variant").get_by_label("MobileNetV2, frozen").check()
            expect(page.locator("#verdict")).to_contain_text("There is no weights folder")
            page.locator("#variant").get_by_label("Custom CNN").check()
            upload(page, chest)
            expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
            for tab in ("Batch", "Performance"):
                page.get_by_role("tab", name=tab).click()
                choice = page.locator(f"#{tab.lower()}-variant")
                expect(choice).to_contain_text("MobileNetV2, frozen (unavailable)")


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS_FOLDER / DEFAULT).is_dir(), reason="the weights folder has no trained weights")
def test_the_real_weights_read_an_image(browser):
    with served("real") as address:
        for page in opened(browser, address):
            upload(page, str(EXAMPLE))
            expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia", timeout=20_000)
            expect(page.locator("#viewer canvas[role=img]")).to_be_visible()


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS_FOLDER / DEFAULT).is_dir(), reason="the weights folder has no trained weights")
def test_real_radiographs_are_read_on_every_tab(browser, data_dir):
    radiographs = [str(next(iter(sorted((data_dir / "native" / name).glob("*.jpeg"))))) for name in (NORMAL, PNEUMONIA)]
    with served("real") as address:
        for page in opened(browser, address):
            for path, said in zip(radiographs, (shared_texts.NO_SIGNS, shared_texts.SIGNS), strict=True):
                upload(page, path)
                expect(page.locator("#verdict .answer")).to_contain_text(said, timeout=20_000)
                expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
            page.get_by_role("tab", name="Compare").click()
            upload(page, radiographs[1], "#compare-upload")
            expect(page.locator("#compare-table")).to_contain_text("point: pneumonia is called", timeout=20_000)
            page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
            for place, path in enumerate(radiographs):
                upload(page, path, f"#pair-upload-{place}")
                expect(page.locator("#pair-table .bar")).to_have_count(place + 1, timeout=20_000)
            page.get_by_role("tab", name="Batch").click()
            upload(page, radiographs, "#batch-upload")
            page.locator("#batch-button").click()
            expect(page.locator("#batch-progress")).to_contain_text("2 images:", timeout=20_000)


def _set(page: Page, slider: str, value: str) -> None:
    page.locator(f"{slider} input[type=number]").fill(value)
    page.keyboard.press("Enter")


def _overlay(page: Page) -> str:
    """All pixels of the radiograph with its evidence."""
    expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.querySelector('#viewer canvas[role=img]').toDataURL()")


def _wait_for_another(page: Page, overlay: str) -> None:
    """Wait until other pixels are shown."""
    shown = "document.querySelector('#viewer canvas[role=img]')?.toDataURL()"
    page.wait_for_function(f"(before) => ![before, undefined].includes({shown})", arg=overlay)


def _downloaded(page: Page, button: str, ending: str) -> str:
    """Click once, and give the text of the file that comes."""
    with page.expect_download() as download:
        page.locator(button).click()
    assert download.value.suggested_filename.endswith(ending)
    path = Path(download.value.path())
    if ending != ".pdf":
        return path.read_text()
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


def _containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
