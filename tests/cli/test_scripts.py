"""The commands, as a person runs them."""

import csv
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from pneumonia import load_predictor
from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.objects import OBJECTS
from pneumonia.errors import UnsupportedImageError
from pneumonia.explain.outlines import OUTLINE_COLOUR
from pneumonia.imaging.decode import decode
from pneumonia.inference.drawn_reading import draw_reading
from pneumonia.variants.baselines import get_recipe, list_recipes
from pneumonia.variants.registry import get_variant
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import synthetic_chest
from tests.fixtures.commands import run_here
from tests.fixtures.dicom_study import study_dicom
from tests.fixtures.tiny import SIZE, tiny_radiograph, write_chests, write_tiny_data


def run(script, *arguments, cwd=None):
    command = [sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One epoch of `scripts/train.py` on a tiny data set with one unreadable file."""
    folder = tmp_path_factory.mktemp("trained")
    write_tiny_data(folder / "data")
    (folder / "data" / "NORMAL" / "IM-0099-0001.jpeg").write_bytes(b"broken")
    (folder / "data" / "COVID").mkdir()
    (folder / "data" / "COVID" / "a.png").touch()
    done = run(
        "train.py",
        *("--data", folder / "data", "--variant", "custom-cnn", "--output", folder / "weights" / "custom-cnn"),
        *("--epochs", 1, "--batch-size", 8, "--image-size", SIZE, "--seed", 3),
    )
    return folder, done


def test_train_writes_a_whole_weights_folder_and_names_what_it_skipped(trained):
    folder, done = trained
    assert done.returncode == 1, done.stderr
    assert "skipped NORMAL/IM-0099-0001.jpeg: " in done.stderr and "AUROC" in done.stdout
    assert "left out of --data: COVID/: 1 file" in done.stderr and "unknown" not in done.stderr
    weights = folder / "weights" / "custom-cnn"
    assert [path.name for path in weights.parent.iterdir()] == ["custom-cnn"]
    config = json.loads((weights / "config.json").read_text())
    assert config["training"]["minutes"] is not None, "nothing was taken up"
    assert config["training"]["seed"] == 3 and str(folder) not in (weights / "config.json").read_text()
    assert config["data"]["train"]["images"]["PNEUMONIA"] + config["data"]["validation"]["images"]["PNEUMONIA"] == 12
    assert config["data"]["patients_from"] == "names" and config["data"]["train"]["patient_unknown"] == 0
    metrics = json.loads((weights / "metrics.json").read_text())
    assert {"validation", "validation-noisy"} <= set(metrics["sets"])
    assert "NORMAL" in (weights / "README.md").read_text()
    assert len((weights / "history.csv").read_text().splitlines()) == 2


@pytest.mark.usefixtures("any_picture")
def test_the_result_of_training_can_predict(trained):
    folder, _ = trained
    predictor = load_predictor(weights=folder / "weights" / "custom-cnn")
    prediction = predictor.predict(tiny_radiograph(np.random.default_rng(9), diseased=True))
    assert prediction.status == "read" and prediction.heatmap.shape == (SIZE // 16, SIZE // 16)


@pytest.mark.usefixtures("any_picture")
def test_model_keras_opens_without_our_code_and_agrees(trained):
    import keras

    folder, _ = trained
    weights = folder / "weights" / "custom-cnn"
    model = keras.models.load_model(weights / "model.keras", compile=False)
    predictor = load_predictor(weights=weights)
    picture = tiny_radiograph(np.random.default_rng(9), diseased=True)
    image = predictor.preprocessor.apply(picture.astype(np.float32) / 255).image
    assert model.input_shape == (None, SIZE, SIZE, 1) and model.get_layer("features")
    assert float(model(image[None, ..., None])[0, 0]) == pytest.approx(predictor.predict(picture).logit, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["mobilenetv2-frozen", "mobilenetv2-finetuned", "efficientnetb0"])
def test_every_kind_of_recipe_goes_the_whole_way(variant, tmp_path):
    """Adaptation and linear probe; head, then all; a backbone of `keras.applications`."""
    write_chests(tmp_path / "data", patients=12)
    weights = tmp_path / variant
    batch = ("--batch-size", 8) if get_variant(variant).recipe.phases else ()
    done = run(
        "train.py",
        *("--data", tmp_path / "data", "--variant", variant, "--output", weights, "--epochs", 1),
        *(*batch, "--image-size", SIZE, "--backbone-weights", "none", "--outside", tmp_path / "data"),
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((weights / "metrics.json").read_text())
    assert {"validation", "data"} <= set(metrics["sets"])
    (fixed,) = json.loads((weights / "config.json").read_text())["populations"].values()
    fixed_on = fixed["calibration"]["sets"]
    assert fixed_on == [name for name in metrics["sets"] if name != "data"]
    done = run_here("evaluate.py", "--data", tmp_path / "data", "--weights", weights, "--against", "custom-cnn")
    assert done.returncode == 0 and "McNemar" in done.stdout and variant in (weights / "config.json").read_text()


@pytest.mark.slow
def test_cross_validation_judges_every_image_once(tmp_path):
    write_tiny_data(tmp_path / "data")
    common = ("--data", tmp_path / "data", "--variant", "custom-cnn", "--output", tmp_path / "folds.json")
    done = run(
        *("cross_validate.py", *common, "--scheme", "folds"),
        *("--epochs", 1, "--image-size", SIZE, "--outside", tmp_path / "data"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "folds.json").read_text())
    assert sum(figures["held-out"]["n"] for figures in result["rounds"]) == 24
    assert {"held-out", "held-out-shifted", "data"} == set(result["rounds"][0])
    assert not list(tmp_path.glob(".*"))
    done = run("cross_validate.py", *common, "--scheme", "series")
    assert done.returncode == 2 and "lacks normals" in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("any_picture")
@pytest.mark.parametrize("recipe", list_recipes())
def test_every_named_recipe_goes_the_whole_way(recipe, tmp_path):
    """One epoch a phase, stored, opened by Keras alone, scored."""
    import keras

    write_chests(tmp_path / "data", patients=12)
    network = get_recipe(recipe)
    weights = tmp_path / "weights"
    short = ("--epochs", 1, "--batch-size", 8) if network.recipe.phases else ()
    done = run(
        "train.py",
        *("--data", tmp_path / "data", "--variant", network.name, "--recipe", recipe, "--output", weights),
        *(*short, "--image-size", SIZE, "--backbone-weights", "none"),
    )
    assert done.returncode == 0, done.stderr
    config = json.loads((weights / "config.json").read_text())
    assert config["variant"] == network.name and config["training"]["recipe_name"] == recipe
    assert config["training"]["minutes"] is not None
    assert f"--variant {network.name} " in config["training"]["command"]
    assert f"--recipe {recipe} " in config["training"]["command"]
    assert config["architecture"]["name"] == network.architecture
    assert config["architecture"]["hidden_units"] == list(network.hidden_units)
    assert (config["preprocessing"]["low_percentile"] is None) != network.stretched
    assert (weights / "README.md").read_text().startswith(f"# {network.title}\n")

    files = ["model.keras", "model.h5"] if network.recipe.h5 else ["model.keras"]
    assert set(config["files"]) == {"model.tflite", "metrics.json", "history.csv", "README.md", *files}
    models = [keras.models.load_model(weights / name, compile=False) for name in files]
    assert all(model.count_params() == config["architecture"]["parameters"] for model in models)
    predictor = load_predictor(weights=weights)
    picture = tiny_radiograph(np.random.default_rng(9), diseased=True)
    image = predictor.preprocessor.apply(picture.astype(np.float32) / 255).image[None, ..., None]
    prediction = predictor.predict(picture)
    # A plain call, twice: nothing in the file may change the image at random.
    for model in (*models, *models):
        assert float(model(image)[0, 0]) == pytest.approx(prediction.logit, abs=1e-4)
    assert prediction.heatmap.shape == models[0].get_layer("features").output.shape[1:3]

    done = run_here("evaluate.py", "--data", tmp_path / "data", "--weights", weights)
    assert done.returncode == 0 and "AUROC" in done.stdout.upper(), done.stderr


def test_evaluate_draws_no_history_of_a_network_that_was_not_trained_step_by_step(tiny_weights, tmp_path):
    write_chests(tmp_path / "data", patients=2)
    done = run_here(
        "evaluate.py", "--data", tmp_path / "data", "--weights", tiny_weights, "--plots", tmp_path / "plots"
    )
    assert done.returncode == 0, done.stderr
    names = {"roc", "precision-recall", "reliability", "confusion-matrix", "samples"}
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == names


def test_evaluate_scores_at_the_locked_points(trained, tmp_path):
    folder, _ = trained
    data, weights = tmp_path / "data", folder / "weights" / "custom-cnn"
    write_chests(data, patients=12)
    (data / "NORMAL" / "IM-0099-0001.jpeg").write_bytes(b"broken")
    # A name that is no valid text.
    os.rename(data / "NORMAL" / "IM-0000-0001.png", os.fsencode(data / "NORMAL") + b"/IM-0000-000\xe9.png")
    before = (weights / "config.json").read_bytes()
    outputs = {name: tmp_path / name for name in ("metrics.json", "scores.csv", "plots")}
    done = run_here(
        "evaluate.py",
        *("--data", data, "--weights", weights, "--output", outputs["metrics.json"]),
        *("--scores", outputs["scores.csv"], "--plots", outputs["plots"]),
    )
    assert done.returncode == 1 and "rejected NORMAL/IM-0099-0001.jpeg" in done.stderr
    figures = json.loads(outputs["metrics.json"].read_text())["sets"]["data"]
    assert figures["n"] == 24 and figures["positives"] == 12
    assert set(figures["operating_points"]["balanced"]) >= {"accuracy", "sensitivity", "specificity", "npv", "f1"}
    rows = list(csv.DictReader(outputs["scores.csv"].open()))
    assert len(rows) == 24 and rows[0]["file"] == r"NORMAL/IM-0000-000\udce9.png"
    assert 0 <= float(rows[0]["probability"]) <= 1
    names = {"roc", "precision-recall", "reliability", "confusion-matrix", "history", "samples"}
    assert {path.stem for path in outputs["plots"].glob("*.png")} == names
    assert "macro avg" in done.stdout
    assert (weights / "config.json").read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("train.py", "--data", "nowhere", "--variant", "custom-cnn", "--output", "out"),
        ("evaluate.py", "--data", "nowhere", "--variant", "resnet50"),
        ("predict.py", "nowhere.png"),
        ("predict.py", "--operating-point", "certain", "x.png"),
        ("predict.py", ""),
        ("predict.py", "."),
        ("predict.py", "x" * 300),
        ("predict.py", "--heatmaps", __file__, __file__),
        ("predict.py", "--dicom", __file__, __file__),
        ("predict.py", "--dicom", "objects", "--parts", "parts", "--format", "csv", __file__),
        ("train.py", "--data", ".", "--variant", "custom-cnn", "--output", __file__),
        ("train.py", "--data", ".", "--variant", "custom-cnn", "--output", "out", "--seed", "-1"),
        ("train.py", "--data", ".", "--variant", "custom-cnn", "--output", "out", "--recipe", "mobilenetv2-adam"),
        ("train.py", "--data", ".", "--variant", "custom-cnn", "--output", "out", "--dropout", "1"),
        ("train.py", "--data", ".", "--variant", "custom-cnn", "--output", "out", "--evidence-penalty", "-1"),
        ("search.py", "--data", ".", "--variant", "mobilenetv2-frozen", "--storage", "s.db", "--trials", "1"),
    ],
)
def test_wrong_usage_is_one_line_and_status_two(arguments, tmp_path):
    done = run_here(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and not done.stdout
    *usage, line = done.stderr.splitlines()
    assert "error: " in line and len(line) < 400
    # Only argparse says more than the one line: how the command is used.
    assert not usage or usage[0].startswith("usage: ")


@pytest.mark.slow
def test_a_file_of_another_kind_as_backbone_is_told_and_nothing_is_destroyed(tmp_path):
    write_tiny_data(tmp_path / "data")
    (tmp_path / "notes.txt").write_text("not weights")
    arguments = ("--data", tmp_path / "data", "--variant", "mobilenetv2-finetuned", "--image-size", SIZE)
    done = run("train.py", *arguments, "--output", tmp_path / "out", "--backbone-weights", tmp_path / "notes.txt")
    assert done.returncode == 2 and "backbone" in done.stderr.splitlines()[-1]
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "notes.txt").write_text("not weights")
    for output, said in (("papers", "left alone"), ("data", "into the data folder")):
        done = run("train.py", *arguments, "--output", tmp_path / output)
        assert done.returncode == 2 and said in done.stderr
    assert (tmp_path / "papers" / "notes.txt").exists() and (tmp_path / "data" / "NORMAL").is_dir()


def test_evaluate_refuses_weights_of_another_variant(trained):
    folder, _ = trained
    weights = folder / "weights" / "custom-cnn"
    done = run_here("evaluate.py", "--data", folder / "data", "--weights", weights, "--variant", "mobilenetv2-frozen")
    assert done.returncode == 2 and "custom-cnn, not mobilenetv2-frozen" in done.stderr


class TestPredict:
    """`scripts/predict.py` with the weights of the repository."""

    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("images")
        (folder / "below").mkdir()
        for name in ("a.png", "below/b.png"):
            cv2.imwrite(str(folder / name), synthetic_chest())
        (folder / "=1+1").write_text("no image")
        return folder

    def test_text(self, folder):
        done = run_here("predict.py", folder / "a.png")
        assert done.returncode == 0
        assert done.stdout.startswith("Prediction: ") and "mobilenetv2-finetuned)" in done.stdout

    def test_jsonl_of_a_folder(self, folder):
        done = run_here(
            "predict.py", "--format", "jsonl", "--variant", "custom-cnn", "--operating-point", "screening", folder
        )
        assert done.returncode == 1
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        paths = [str(folder / name) for name in ("=1+1", "a.png", "below/b.png")]
        assert [row["path"] for row in rows] == paths
        assert [row["status"] for row in rows] == ["rejected", "read", "read"]
        assert rows[1]["variant"] == "custom-cnn" and rows[1]["operating_point"] == "screening"
        assert rows[0]["in_lung_share"] is None and rows[1]["lung_area"] > 0 and "lungs" not in rows[1]

    def test_csv_neutralises_formulas_and_heatmaps_are_written(self, folder, tmp_path):
        outputs = ("--output", tmp_path / "new" / "o.csv", "--heatmaps", tmp_path / "maps")
        done = run_here("predict.py", "--format", "csv", *outputs, "=1+1", "a.png", "below", cwd=folder)
        assert done.returncode == 1 and not done.stdout
        rows = list(csv.DictReader((tmp_path / "new" / "o.csv").open()))
        assert rows[0]["path"] == "'=1+1" and rows[1]["path"] == "a.png"
        assert rows[2]["path"] == "below/b.png" and float(rows[2]["probability"]) <= 1
        maps = list((tmp_path / "maps").glob("*.jpg"))
        assert len(maps) == 2 and cv2.imread(str(maps[0])).shape == (256, 256, 3)

    def test_copies_of_one_file_share_an_overlay_that_is_drawn_once(self, folder, tmp_path, monkeypatch):
        drawn = []

        def watched(*given):
            drawn.append(given)
            return draw_reading(*given)

        monkeypatch.setattr("pneumonia.cli.commands.predict.draw_reading", watched)
        for place in ("first", "second"):
            (tmp_path / place).mkdir()
            (tmp_path / place / "a.png").write_bytes((folder / "a.png").read_bytes())
        done = run_here("predict.py", "--heatmaps", tmp_path / "maps", tmp_path / "first", tmp_path / "second")
        assert done.returncode == 0 and len(drawn) == len(list((tmp_path / "maps").iterdir())) == 1

    def test_dicom_objects_are_written_of_dicom_files_and_others_are_told(self, folder, tmp_path):
        (tmp_path / "images").mkdir()
        (tmp_path / "images" / "IM1").write_bytes(study_dicom(synthetic_chest()))
        (tmp_path / "images" / "plain.png").write_bytes((folder / "a.png").read_bytes())
        objects = tmp_path / "images" / "objects"
        for _ in range(2):
            done = run_here("predict.py", "--variant", "custom-cnn", "--dicom", objects, tmp_path / "images")
            assert done.returncode == 1
            (line,) = [line for line in done.stderr.splitlines() if line.startswith("no DICOM objects")]
            assert "plain.png: This is no DICOM file but PNG" in line
            # What a run writes is not read by the next, which writes the same.
            names = sorted(path.name for path in objects.iterdir())
            assert len(names) == len(OBJECTS) and all(name.endswith(".dcm") for name in names)
        alone = run_here("predict.py", "--variant", "custom-cnn", "--dicom", objects, tmp_path / "images" / "IM1")
        assert alone.returncode == 0 and "no DICOM objects" not in alone.stderr
        assert sorted(path.name for path in objects.iterdir()) == names

    def test_the_share_in_the_lungs_is_written_and_their_outline_drawn(self, tmp_path):
        chest = ROOT / "demo" / "examples" / "synthetic-pneumonia-1.png"
        done = run_here("predict.py", "--format", "csv", "--heatmaps", tmp_path, chest)
        (row,) = csv.DictReader(done.stdout.splitlines())
        assert 0 <= float(row["in_lung_share"]) <= 1
        (drawn,) = tmp_path.glob("*.jpg")
        off = np.abs(cv2.imread(str(drawn))[..., ::-1].astype(int) - OUTLINE_COLOUR).max(axis=-1)
        assert (off < 24).sum() > 100

    def test_odd_names_end_no_run(self, tmp_path):
        picture = cv2.imencode(".png", synthetic_chest())[1].tobytes()
        names = [b"line\nbreak", b"not\xfftext", "Röntgen".encode(), b"l" * 250]
        for name in names:
            (tmp_path / os.fsdecode(name)).write_bytes(picture)
        done = run_here("predict.py", "--heatmaps", tmp_path / "maps", tmp_path)
        # A warning is indented below its reading.
        readings = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
        assert done.returncode == 0 and len(readings) == len(names)
        assert len(list((tmp_path / "maps").iterdir())) == len(names) and NOTICE in done.stderr

    def test_what_a_run_writes_into_the_folder_is_not_read_by_the_next(self, tmp_path):
        folder = tmp_path / "images"
        for place in (folder, tmp_path / "elsewhere"):
            place.mkdir()
            cv2.imwrite(str(place / "a.png"), synthetic_chest())
        (folder / "gone.png").symlink_to("nowhere")
        (folder / "more").symlink_to(tmp_path / "elsewhere")
        (folder / "more" / "back").symlink_to(folder)
        for _ in range(2):
            outputs = ("--heatmaps", folder / "maps", "--output", folder / "out.csv")
            done = run_here("predict.py", "--variant", "custom-cnn", "--format", "csv", *outputs, folder)
            assert done.returncode == 1
            rows = {
                os.path.relpath(row["path"], folder): row["status"] + row["error"]
                for row in csv.DictReader((folder / "out.csv").open())
            }
            assert set(rows) == {"a.png", "gone.png", "more/a.png", "more/back"}
            assert "link to a file that is not there" in rows["gone.png"] and "This is a folder" in rows["more/back"]
        # Wherever else they come to lie, the overlays are known for what they are.
        (drawn,) = (folder / "maps").iterdir()
        with pytest.raises(UnsupportedImageError, match="heatmap"):
            decode(drawn)

    def test_a_full_disk_is_told_in_one_sentence(self, folder):
        done = run_here("predict.py", "--output", "/dev/full", folder / "a.png")
        assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("error: No space left")
