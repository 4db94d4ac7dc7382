"""Two images side by side."""

import gradio as gr
import pytest

from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.tabs.compare import views as compare_views
from demo.tabs.compare.pair_handlers import PairHandlers, PairSession
from pneumonia.records.receipt import JudgedPrediction
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, load_all_but_frozen, load_fake

VARIANT = "mobilenetv2-finetuned"


@pytest.fixture
def files(tmp_path):
    """Paths of a radiograph and of a brighter one, which `FakePredictor` calls pneumonia."""
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path, pixels in zip(paths, (radiograph(), radiograph(seed=1) // 2 + 120), strict=True):
        path.write_bytes(encode(pixels, "PNG"))
    return [str(path) for path in paths]


def test_each_is_read_once_when_it_is_chosen(files):
    read, session = [], PairSession()

    class Counting(FakePredictor):
        def predict(self, source, operating_point="balanced", population=None):
            read.append(source)
            return super().predict(source, operating_point, population)

    handlers = PairHandlers(Predictors(Counting))
    assert handlers.on_image_choice(0, files[0], session)[0] is None
    first, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert [pane["title"] for pane in viewer["panes"]] == ["First image"]
    assert "Not chosen yet." in first and first.count(f"{shared_texts.PROBABILITY} <strong>") == 1
    handlers.on_image_choice(1, files[1], session)
    both, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert [pane["title"] for pane in viewer["panes"]] == ["First image", "Second image"]
    assert both.count(f"{shared_texts.PROBABILITY} <strong>") == 2
    assert "Signs of pneumonia" in both and "logits higher" in both
    assert len(read) == 2
    assert both != handlers.on_operating_point_change(VARIANT, "rule-in", session) and len(read) == 2
    handlers.on_variant_change(session)
    assert "Custom CNN" not in handlers.on_read("custom-cnn", "balanced", session)[0] and len(read) == 4


def test_a_file_that_is_no_image_leaves_the_other(files, tmp_path):
    letter = tmp_path / "letter.png"
    letter.write_bytes(b"%PDF-1.7 a letter")
    handlers, session = PairHandlers(Predictors(load_fake)), PairSession()
    handlers.on_image_choice(0, files[0], session)
    handlers.on_image_choice(1, str(letter), session)
    table, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert len(viewer["panes"]) == 1
    assert "PDF" in table and table.count(f"{shared_texts.PROBABILITY} <strong>") == 1 and "logits higher" not in table


def test_what_was_overtaken_is_not_shown(files):
    session = PairSession()

    class Overtaken(FakePredictor):
        def predict(self, *arguments):
            handlers.on_image_choice(0, files[1], session)  # as if it were chosen while the network runs
            return super().predict(*arguments)

    handlers = PairHandlers(Predictors(Overtaken))
    handlers.on_image_choice(0, files[0], session)
    assert handlers.on_read(VARIANT, "balanced", session) == (gr.skip(), gr.skip()) and session.results == [None, None]


def test_nothing_to_judge_missing_weights_and_deleted_files(files):
    handlers, session = PairHandlers(Predictors(load_all_but_frozen)), PairSession()
    assert handlers.on_operating_point_change(VARIANT, "rule-in", session) == gr.skip()
    assert "Choose two radiographs, for instance" in handlers.on_variant_change(session)[0]
    handlers.on_image_choice(0, "/nowhere/x.png", session)
    with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
        handlers.on_read(VARIANT, "balanced", session)
    handlers.on_image_choice(0, files[0], session)
    with pytest.raises(gr.Error, match="no weights folder"):
        handlers.on_read("mobilenetv2-frozen", "balanced", session)


@pytest.mark.parametrize(
    ("change", "limit", "said"),
    [
        (1.0, 2.0, ("1.0 logits higher", "does not show a change")),
        (-3.0, 2.0, ("3.0 logits lower", "only 5 of 100")),
        (1.0, None, ("1.0 logits higher", "was not measured for these weights")),
    ],
)
def test_a_difference_is_judged_by_what_unchanged_patients_show(change, limit, said):
    predictor = FakePredictor(VARIANT)
    first = predictor.predict(radiograph())
    second = predictor.predict(radiograph())
    object.__setattr__(second, "logit", first.logit + change)
    sentences = compare_views.difference(first, second, limit)
    assert all(words in sentence for words, sentence in zip(said, sentences, strict=True))
    judged = JudgedPrediction(first, predictor.operating_points["balanced"], predictor)
    shown = compare_views.pair([judged, None], 1.0)
    assert sentences[0] not in shown
