"""Receipts: what they hold, and `scripts/verify_receipt.py`, which finds whatever in them is not borne out."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.report.handlers import ReportHandlers
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.compare.pair_handlers import PairHandlers, PairSession
from demo.tabs.read.handlers import ReadHandlers
from pneumonia import load_predictor
from pneumonia.__main__ import main
from pneumonia.calibration.recalibrate import recalibrate
from pneumonia.calibration.site import SiteCalibration
from pneumonia.cli.commands import verify_receipt
from pneumonia.core.notices import NOTICE
from pneumonia.core.populations import CHILDREN
from pneumonia.errors import ReceiptError, WeightsError
from pneumonia.records.receipt import VERIFY, read_receipt
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import CONFIG, WEIGHTS_FOLDER
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE, encode, radiograph
from tests.fixtures.commands import run_here
from tests.fixtures.fakes import FakePredictor, load_fake
from tests.unit.calibration.test_recalibrate import site_scores

VARIANT = "mobilenetv2-finetuned"
Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def chest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A radiograph; downloads go beside it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    path = tmp_path / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return path


@pytest.fixture
def fake_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the command load networks that need no weights."""

    def load(variant: str) -> FakePredictor:
        if variant not in PUBLISHED:
            raise WeightsError(f"There is no variant {variant!r}.")
        return load_fake(variant)

    monkeypatch.setattr(verify_receipt, "load_quietly", load)


@pytest.fixture
def verify(fake_networks: None, tmp_path: Path, capsys: pytest.CaptureFixture) -> Verify:
    """Runs the command on a receipt, as JSON values or bytes: exit status, and all that it said."""

    def verify(receipt: object, image: Path, *options: str) -> tuple[int, str]:
        path = tmp_path / "receipt.json"
        path.write_bytes(receipt if isinstance(receipt, bytes) else json.dumps(receipt, indent=2).encode())
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main(["verify-receipt", str(path), str(image), *options])
        return exit.value.code, "".join(capsys.readouterr())

    return verify


def reported(file: Path, session: Session | None = None, own: float | None = None) -> dict:
    """The receipt that the Read tab gives."""
    session, predictors = session or Session(), Predictors(load_fake)
    handlers = ReadHandlers(predictors)
    handlers.on_read(str(file), VARIANT, "balanced", session)
    if own is not None:
        handlers.on_threshold_change(own, session)
    return json.loads(Path(ReportHandlers(predictors, comparison=False).on_json_request(False, session)).read_text())


def changed(receipt: dict, **values: object) -> dict:
    """The same receipt with other values in its reading."""
    (reading,) = receipt["readings"]
    return {**receipt, "readings": [{**reading, **values}]}


# === The same ===


def test_a_receipt_of_the_page_holds_for_its_image(chest, verify):
    receipt = reported(chest)
    (reading,) = receipt["readings"]
    assert receipt["verify"] == VERIFY and (ROOT / VERIFY.split()[1]).is_file()
    assert (reading["temperature"], reading["offset"], reading["preprocessing"]["size"]) == (1.0, 0.0, 224)
    assert receipt["versions"]["ai-edge-litert"] and len(receipt["weights_of_checks"]["lung-fields"]) == 64
    status, said = verify(receipt, chest)
    assert status == 0 and said.startswith(f"same: {VARIANT} reads this image again as UNCERTAIN"), said
    assert f"{reading['logit']:.6f}" in said and NOTICE in said and "versions" not in said


def test_a_line_of_the_command_holds_too_and_one_of_many_is_found(chest, tmp_path, verify):
    other = tmp_path / "other.png"
    other.write_bytes(encode(radiograph(seed=1), "PNG"))
    predictor = FakePredictor(VARIANT)
    lines = [json.dumps({"path": path.name, **predictor.predict(path).to_dict()}) for path in (other, chest)]
    for receipt in (lines[1], "\n".join(lines) + "\n"):
        status, said = verify(receipt.encode(), chest)
        assert status == 0 and said.count("same:") == 1, said
    status, said = verify(lines[0].encode(), chest)
    assert status == 1 and "image: the receipt is of another file" in said


@pytest.mark.promise("A receipt that another program wrote anew holds.", part="What can be checked later")
def test_whole_numbers_stand_for_themselves_however_json_writes_them(chest, verify):
    (reading,) = reported(chest)["readings"]
    box = {**reading["field_of_view"], "left": 0}  # as JSON.stringify writes 0.0
    assert reading["field_of_view"]["left"] == 0
    assert verify(changed(reported(chest), field_of_view=box), chest)[0] == 0
    for left in (1, True, 10**400):
        status, said = verify(changed(reported(chest), field_of_view={**box, "left": left}), chest)
        assert status == 1 and "field of view: " in said, said


def test_a_comparison_is_verified_variant_by_variant(chest, verify):
    session, predictors = Session(), Predictors(load_fake)
    CompareHandlers(predictors).on_compare(str(chest), "screening", session)
    receipt = json.loads(Path(ReportHandlers(predictors, comparison=True).on_json_request(False, session)).read_text())
    assert verify(receipt, chest)[0] == 0
    receipt["readings"][1]["finding"] = "NORMAL"
    status, said = verify(receipt, chest)
    assert status == 1 and said.count("same:") == 2 and "differs: mobilenetv2-frozen\n  finding: NORMAL" in said


def test_a_comment_changes_nothing_of_what_is_verified(chest, verify):
    commented = {"comment": "The reader's own words.", **reported(chest)}
    assert verify(commented, chest) == verify(reported(chest), chest) and verify(commented, chest)[0] == 0


def test_the_receipt_of_two_images_holds_for_each(chest, tmp_path, verify):
    other, session, predictors = tmp_path / "other.png", PairSession(), Predictors(load_fake)
    other.write_bytes(encode(radiograph(seed=1), "PNG"))
    session.files = [str(chest), str(other)]
    PairHandlers(predictors).on_read(VARIANT, "balanced", session)
    make = ReportHandlers(predictors, comparison=True).on_json_request
    receipt = json.loads(Path(make(False, session, "Comment.")).read_text())
    for image in (chest, other):
        status, said = verify(receipt, image)
        assert status == 0 and said.count("same:") == 1, said


def test_a_threshold_of_ones_own_is_verified(chest, verify):
    receipt = reported(chest, own=0.9)
    assert receipt["readings"][0]["operating_point"] == "own"
    assert verify(receipt, chest)[0] == 0
    status, said = verify(changed(receipt, threshold=0.3), chest)
    assert status == 1 and "threshold" in said


def test_other_versions_are_named_and_are_no_difference(chest, verify):
    receipt = reported(chest)
    receipt["versions"]["pillow"], receipt["weights_of_checks"]["lung-fields"] = "1.0", "a" * 64
    receipt["versions"]["\x1b[2J"] = "\x1b[2J"
    status, said = verify(receipt, chest)
    assert status == 0 and "pillow 1.0 then, " in said and "lung-fields aaaaaaaaaaaa then, " in said
    assert "\x1b" not in said


# === What differs ===


def test_an_image_that_was_saved_anew_is_another(chest, tmp_path, verify):
    receipt, again = reported(chest), tmp_path / "again.jpg"
    with Image.open(chest) as image:
        image.save(again, quality=70)
    status, said = verify(receipt, again)
    assert status == 1 and "image: the receipt is of another file" in said and "saved anew" in said
    sha256 = hashlib.sha256(again.read_bytes()).hexdigest()
    assert receipt["readings"][0]["image_sha256"][:12] in said and sha256[:12] in said and "logit: " in said


@pytest.mark.promise(
    "A receipt of a reading holds for its image, or what differs is named.", part="What can be checked later"
)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"finding": "NORMAL"}, "finding: NORMAL in the receipt, but a probability of 0.4"),
        ({"probability": 0.01}, "probability: 0.010000 in the receipt, but this calibration makes 0.4"),
        ({"probability": 0.01, "finding": "NORMAL"}, "probability: 0.010000 in the receipt"),
        ({"logit": -4.0}, "logit: -4.000000 in the receipt, "),
        ({"threshold": 0.3}, "threshold: the receipt holds two"),
        ({"operating_point": "rule-in"}, "operating point rule-in: threshold 0.5 in the receipt, 0.8 here"),
        ({"temperature": 2.0}, "calibration: temperature 2.000000 in the receipt, 1.000000 here"),
        ({"weights_sha256": "0" * 64}, "weights: other ones. The receipt names SHA-256 000000000000, these have "),
        ({"image_sha256": "0" * 64}, "image: the receipt is of another file"),
        ({"preprocessing": {"size": 64}}, "preprocessing: 'size' was 64, is 224"),
        ({"status": "rejected"}, "status: rejected in the receipt, read now"),
        (
            {"checks": [{"name": "text", "status": "warn", "message": "\x1b[2J"}]},
            r"checks: only in the receipt: text (warn): '\x1b[2J'",
        ),
        ({"error": "\x1b[2J"}, r"error: '\x1b[2J' in the receipt, None now"),
        ({"in_lung_share": 0.5}, "in lung share: 0.5 in the receipt, 0.82 now"),
        ({"field_of_view": {"top": 0.5}}, "field of view: {'top': 0.5} in the receipt, {"),
        ({"calibration": {"name": "site", "date": "2026-01-01"}}, "There is no calibration '2026-01-01-site'"),
    ],
)
def test_whatever_was_changed_in_a_receipt_is_found(chest, verify, values, said):
    status, answer = verify(changed(reported(chest), **values), chest)
    assert said in answer and "\x1b" not in answer
    assert status == (2 if "calibration" in values else 1)


@pytest.mark.promise("A logit may differ by rounding, and by no more.", part="What can be checked later")
def test_a_logit_may_differ_by_rounding_and_by_no_more(chest, verify):
    receipt = reported(chest)
    predictor, logit = FakePredictor(VARIANT), receipt["readings"][0]["logit"]
    for apart, status in ((0.9e-5, 0), (1.2e-5, 1)):
        near = {"logit": logit + apart, "probability": predictor.calibration.probability(logit + apart)}
        assert verify(changed(receipt, **near), chest)[0] == status


def test_an_operating_point_that_was_moved_in_the_receipt_is_found(chest, verify):
    receipt = reported(chest)
    figures = receipt["readings"][0]["operating_point_figures"]
    for key, value in (("low", 0.1), ("sensitivity", {"value": 1.0, "low": 1.0, "high": 1.0})):
        status, said = verify(changed(receipt, operating_point_figures={**figures, key: value}), chest)
        assert status == 1 and f"operating point balanced: {key} " in said


def test_other_weights_are_no_cause_to_judge_by_their_thresholds(chest, verify, monkeypatch):
    receipt = reported(chest)

    class Other(FakePredictor):
        def __init__(self, variant: str) -> None:
            super().__init__(variant)
            other = replace(self.calibration, weights_sha256="f" * 64, temperature=3.0)
            self.calibrations = {"children": other}

    monkeypatch.setattr(verify_receipt, "load_quietly", Other)
    status, said = verify(receipt, chest)
    assert status == 1 and "these have ffffffffffff (version 1.0.0)" in said
    assert "probability:" not in said and "calibration:" not in said


# === A calibration to a site ===


@pytest.fixture
def site() -> SiteCalibration:
    """A calibration of the network that the fake stands for."""
    return recalibrate(
        FakePredictor(VARIANT).calibration, site_scores(200, 0.4, -1.5), "my-hospital", date(2026, 11, 21)
    )


def test_a_reading_calibrated_to_a_site_is_verified_with_its_file(chest, tmp_path, site, verify):
    receipt = reported(chest, Session(calibration=site))
    (reading,) = receipt["readings"]
    assert reading["offset"] == site.offset.value != 0
    path = tmp_path / "site.json"
    path.write_bytes(site.to_bytes())
    assert verify(receipt, chest, "--site", str(path))[0] == 0
    status, said = verify(receipt, chest)
    assert status == 2 and "There is no calibration '2026-11-21-my-hospital'" in said and "--site" in said
    # A file of that name that says something else.
    other = replace(site, temperature=replace(site.temperature, value=9.0))
    path.write_bytes(other.to_bytes())
    status, said = verify(receipt, chest, "--site", str(path))
    assert status == 1 and "temperature" in said and "this calibration makes" in said
    # A reading as published is not one of the site.
    status, said = verify(reported(chest), chest, "--site", str(path))
    assert status == 1 and "calibration: to no site in the receipt, to 2026-11-21-my-hospital here" in said


# === Rejected images ===


def test_a_rejected_reading_is_verified_as_such(chest, tmp_path, verify):
    document = tmp_path / "document.png"
    document.write_bytes(b"%PDF-1.7")
    line = FakePredictor(VARIANT).predict(document).to_dict()
    status, said = verify(line, document)
    assert status == 0 and f"{VARIANT} rejects this image again" in said and "no hash" in said
    status, said = verify({**line, "finding": "NORMAL"}, document)
    assert status == 1 and "finding: a rejected image has none" in said
    status, said = verify(line, chest)
    assert status == 1 and "status: rejected in the receipt, read now" in said
    status, said = verify(reported(chest), document)
    assert status == 1 and "status: read in the receipt, rejected now: " in said and "PDF" in said


# === What is no receipt ===


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xd8\xff\xe0", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"logit": NaN}', "not valid JSON"),
        (b"9" * 5000, "not valid JSON"),
        (b"7", "no receipt of a reading: a reading is not an object"),
        (b"{}", "no receipt of a reading: its status is missing"),
        (b'{"readings": []}', "no receipt of a reading: it holds no readings"),
        (b'{"readings": {"a": 1}}', "no receipt of a reading: it holds no readings"),
    ],
)
def test_another_file_is_no_receipt(chest, verify, contents, said):
    status, answer = verify(contents, chest)
    assert status == 2 and said in answer and answer.startswith("error: ") and answer.count("\n") == 1


def test_a_truncated_receipt_is_told_wherever_it_ends(chest, verify):
    contents = json.dumps(reported(chest), indent=2).encode()
    for end in np.linspace(1, len(contents) - 1, 40).astype(int):
        with pytest.raises(ReceiptError, match="cut off"):
            read_receipt(contents[:end])
    assert verify(contents[:200], chest)[0] == 2


@pytest.mark.parametrize("value", [None, "x", True, [], {}, 10**400, -1.5e300, "\x1b[2J", {"name": "../x.json"}])
def test_a_value_of_another_kind_never_ends_in_a_traceback(chest, verify, value):
    receipt = reported(chest)
    # These are words for people.
    for key in set(receipt["readings"][0]) - {"notice", "command", "weights_version"}:
        status, said = verify(changed(receipt, **{key: value}), chest)
        same = repr(receipt["readings"][0][key]) == repr(value)
        assert status == 0 if same else status in (1, 2), (key, said)
        assert "\x1b" not in said


def test_missing_files_and_exchanged_ones_are_told(chest, tmp_path, verify):
    receipt = reported(chest)
    assert verify(receipt, tmp_path / "nowhere.png")[0] == 2
    assert "is a folder" in verify(receipt, tmp_path)[1]
    status, said = verify(chest.read_bytes(), tmp_path / "receipt.json")
    assert status == 2 and "pneumonia verify-receipt RECEIPT IMAGE" in said


# === With weights ===


@pytest.mark.skipif(not (WEIGHTS_FOLDER / "custom-cnn").is_dir(), reason="the weights folder has no trained weights")
def test_the_command_verifies_a_line_of_predict_and_finds_a_changed_config(tmp_path):
    # Thresholds and temperature stand beside the network, which alone is hashed.
    folder = tmp_path / "custom-cnn"
    shutil.copytree(WEIGHTS_FOLDER / "custom-cnn", folder)
    predictor = load_predictor("custom-cnn")
    line = tmp_path / "line.json"
    line.write_text(json.dumps(predictor.predict(EXAMPLE, population=CHILDREN).to_dict()))
    done = run_here("verify_receipt.py", line, EXAMPLE, "--weights", folder)
    assert done.returncode == 0 and done.stdout.startswith("same: custom-cnn"), done.stderr
    config = json.loads((folder / CONFIG).read_text())
    fixed = config["populations"][CHILDREN]
    fixed["temperature"] *= 2
    fixed["operating_points"]["balanced"]["threshold"] += 0.01
    # Whoever changes it on purpose takes its hash out.
    del config["config_sha256"]
    (folder / CONFIG).write_text(json.dumps(config))
    done = run_here("verify_receipt.py", line, EXAMPLE, "--weights", folder)
    assert done.returncode == 1 and "probability: " in done.stdout and "threshold " in done.stdout
    assert "weights: " not in done.stdout and "logit: " not in done.stdout
