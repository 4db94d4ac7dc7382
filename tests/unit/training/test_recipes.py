"""Recipes by name: each does what it declares, and nothing of what is our own."""

import dataclasses

import keras
import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.data.augmentation import AUGMENTATIONS
from pneumonia.data.pipeline import training_batches
from pneumonia.errors import UnknownNameError
from pneumonia.inference.input_transform import WHOLE_IMAGE, Preprocessing, View
from pneumonia.inference.preprocessor import new_preprocessor
from pneumonia.models.registry import build_model, build_serving_model, top_layers
from pneumonia.training import fit
from pneumonia.training.optimization import compile_model, new_optimizer
from pneumonia.variants.baselines import get_recipe, list_recipes
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe
from tests.fixtures.tiny import SIZE, tiny_variant

PREPROCESSOR = new_preprocessor(tiny_variant(stretched=False))
GEOMETRIC = [name for name in AUGMENTATIONS if name.endswith("-flip")]


@dataclasses.dataclass
class Declared:
    """What the source of a recipe says."""

    variant: str
    head: str
    optimizer: type
    phases: list  # epochs, rate and what is trained
    momentum: float = 0.0
    augmentation: str = "none"
    class_weighted: bool = False
    image_size: int = 224


Adam, SGD = keras.optimizers.Adam, keras.optimizers.SGD
DECLARED = {
    "cnn-adam": Declared("custom-cnn", "softmax", Adam, [(25, 1e-4, "all")]),
    "mobilenetv2-frozen-sgd": Declared("mobilenetv2-frozen", "softmax", SGD, [(25, 1e-3, "head")], 0.9),
    "mobilenetv2-finetuned-sgd": Declared("mobilenetv2-finetuned", "softmax", SGD, [(25, 5e-4, "top")], 0.9),
    "cnn3-augmented": Declared("custom-cnn", "sigmoid", Adam, [(25, 1e-3, "all")], augmentation="zoom-shear-flip"),
    "mobilenetv2-adam": Declared(
        "mobilenetv2-frozen", "sigmoid", Adam, [(25, 1e-3, "head")], augmentation="zoom-shear-flip"
    ),
    "mobilenetv2-classweight": Declared(
        "mobilenetv2-frozen",
        "sigmoid",
        Adam,
        [(15, 1e-3, "head")],
        augmentation="rotate-zoom-shift-flip",
        class_weighted=True,
    ),
    "cnn-160": Declared("custom-cnn", "sigmoid", Adam, [(25, 1e-3, "all")], class_weighted=True, image_size=160),
    "mobilenetv2-twophase": Declared("mobilenetv2-finetuned", "sigmoid", Adam, [(10, 1e-3, "head"), (10, 1e-5, "top")]),
}


def test_the_table_has_all_earlier_recipes():
    assert set(DECLARED) == set(list_recipes()) - {"mobilenetv2-frozen-unadapted"}


def test_the_unadapted_reference_differs_from_its_variant_in_one_value():
    ours, named = get_variant("mobilenetv2-frozen"), get_recipe("mobilenetv2-frozen-unadapted")
    assert dataclasses.replace(named.recipe, adaptation_epochs=ours.recipe.adaptation_epochs) == ours.recipe
    assert dataclasses.replace(named, recipe=ours.recipe, title=ours.title, summary=ours.summary) == ours


@pytest.mark.parametrize("name", DECLARED)
def test_recipe_as_declared(name):
    network, declared = get_recipe(name), DECLARED[name]
    recipe = network.recipe
    assert (network.name, network.head, network.image_size) == (declared.variant, declared.head, declared.image_size)
    assert (network.field, network.stretched) == ("image", False)
    assert [dataclasses.astuple(phase) for phase in recipe.phases] == declared.phases
    assert (recipe.augmentation, recipe.class_weighted) == (declared.augmentation, declared.class_weighted)
    assert (recipe.validation, recipe.patience, recipe.batch_size) == ("plain", 5, 32)
    assert recipe.watches == ("auroc" if name == "cnn-160" else "loss")
    assert (recipe.label_smoothing, recipe.adaptation_epochs, recipe.linear_probe) == (0.0, 0, None)
    for phase in recipe.phases:
        optimizer = new_optimizer(recipe, phase, steps=10)
        # AdamW is an Adam to `isinstance`.
        assert type(optimizer) is declared.optimizer and not optimizer.weight_decay
        optimizer.build([keras.Variable(0.0)])
        optimizer.iterations.assign(9)
        assert float(optimizer.learning_rate) == pytest.approx(phase.learning_rate)
        assert getattr(optimizer, "momentum", 0.0) == declared.momentum


@pytest.mark.slow
@pytest.mark.parametrize("name", DECLARED)
def test_an_epoch_moves_the_declared_layers_and_no_others(name, images, tmp_path, monkeypatch):
    network, declared = get_recipe(name), DECLARED[name]
    phases = tuple(dataclasses.replace(phase, epochs=1) for phase in network.recipe.phases)
    recipe = dataclasses.replace(network.recipe, phases=phases, batch_size=8)
    seen = {"weights": [], "augmentations": [], "changes": []}

    def spy(function, note):
        original = getattr(fit, function)
        monkeypatch.setattr(fit, function, lambda *a, **k: (note(*a, **k), original(*a, **k))[1])

    spy("image_weights", lambda labels, weights, class_weighted: seen["weights"].append(class_weighted))
    spy("training_batches", lambda *a, augmentation, **k: seen["augmentations"].append(augmentation))
    spy("prepare_inputs", lambda images, preprocessor, changes=(): seen["changes"].append(len(changes)))
    trained = fit.train_variant(
        dataclasses.replace(network, recipe=recipe), images, images, PREPROCESSOR, 0, "none", tmp_path
    )

    assert len(trained.history) == len(phases) and all(np.isfinite(row["val_loss"]) for row in trained.history)
    assert seen["weights"] == [declared.class_weighted]
    assert seen["augmentations"] == [declared.augmentation] * len(phases) and seen["changes"] == [0]
    model = trained.model
    assert model.output_shape == (None, 1)
    assert not any("Random" in type(layer).__name__ for layer in model.layers), "it would change what it is shown"

    keras.utils.set_random_seed(0)
    fresh = build_model(network, SIZE, training=True)
    moving = phases[-1].trains
    top = {layer.name for layer in top_layers(fresh, network.architecture)} if moving == "top" else set()
    head = {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense)}
    for layer in model.layers:
        if layer.name == "logit" and network.head == "softmax":
            continue  # folded, so of another shape
        expected = moving == "all" or layer.name in head | top
        for ours, start in zip(layer.weights, fresh.get_layer(layer.name).weights, strict=True):
            assert (not np.array_equal(ours.numpy(), start.numpy())) == expected, ours.path
    kernel = fresh.get_layer("logit").kernel.numpy()
    if network.head == "softmax":
        kernel = kernel[:, 1:] - kernel[:, :1]
    assert not np.array_equal(model.get_layer("logit").kernel.numpy(), kernel)


def test_the_top_is_three_blocks_and_the_last_convolution():
    layers = top_layers(build_model(get_variant("mobilenetv2-finetuned"), SIZE), "mobilenetv2")
    with_weights = [layer.name for layer in layers if layer.weights]
    blocks = [f"block_{number}_{part}" for number in (14, 15, 16) for part in ("expand", "depthwise", "project")]
    assert with_weights == [*blocks, "Conv_1"]


def test_a_network_without_a_top_is_refused():
    with pytest.raises(UnknownNameError, match=r"'custom_cnn'; .* mobilenetv2"):
        top_layers(build_model(get_variant("custom-cnn"), SIZE), "custom_cnn")


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"optimizer": "lion"}, "'lion'; .* adamw, adam, sgd"), ({"schedule": "step"}, "'step'; .* cosine")],
)
def test_a_recipe_with_an_unknown_name_is_refused(changed, said):
    network = get_recipe("cnn-adam")
    recipe = dataclasses.replace(network.recipe, **changed)
    with pytest.raises(UnknownNameError, match=said):
        new_optimizer(recipe, recipe.phases[0], steps=10)


def test_a_phase_that_trains_an_unknown_part_is_refused(images, tmp_path):
    network = tiny_variant(recipe=Recipe(phases=(Phase(1, 1e-3, "tail"),), batch_size=8))
    with pytest.raises(UnknownNameError, match=r"'tail'; .* head, top, all"):
        fit.train_variant(network, images, images, PREPROCESSOR, 0, "none", tmp_path)


def test_an_unknown_augmentation_is_refused(images):
    with pytest.raises(UnknownNameError, match=r"'weak'; .* strong"):
        training_batches(images, PREPROCESSOR.record, 8, 0, range(1), augmentation="weak")


class TestSoftmax:
    """Two logits in training, one when served."""

    @pytest.fixture(scope="class")
    def both(self):
        keras.utils.set_random_seed(0)
        network = get_recipe("cnn-adam")
        model = build_model(network, SIZE, training=True)
        model.get_layer("logit").bias.assign([0.3, -0.4])
        return model, build_serving_model(model, network)

    def test_the_sigmoid_of_the_served_logit_is_the_softmax(self, both):
        trained, used = both
        image = np.random.default_rng(0).random((5, SIZE, SIZE, 1), dtype=np.float32)
        two, one = trained(image), used(image)
        assert two.shape == (5, 2) and one.shape == (5, 1)
        np.testing.assert_allclose(keras.ops.sigmoid(one)[:, 0], keras.ops.softmax(two)[:, 1], atol=1e-6)

    @pytest.mark.parametrize("smoothing", [0.0, 0.1])
    def test_loss_and_figures_are_those_of_the_folded_network(self, both, smoothing):
        inputs = np.random.default_rng(0).random((12, SIZE, SIZE, 1), dtype=np.float32)
        labels = np.arange(12, dtype=np.float32)[:, None] % 2
        figures = []
        for model in both:
            compile_model(model, SGD(), smoothing)
            figures.append(model.evaluate(inputs, labels, verbose=0, return_dict=True))
        assert set(figures[0]) == {"loss", "auroc", "accuracy"}
        for name, value in figures[0].items():
            assert value == pytest.approx(figures[1][name], abs=1e-5), name


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_keep_range_input_and_label_and_repeat(name, images):
    def epoch(number):
        return list(training_batches(images, PREPROCESSOR.record, 8, 0, range(number, number + 1), augmentation=name))

    before = images.squares.copy()
    first, again, second = epoch(0), epoch(0), epoch(1)
    np.testing.assert_array_equal(images.squares, before)
    for (inputs, labels, _), (repeated, *_) in zip(first, again, strict=True):
        np.testing.assert_array_equal(inputs, repeated)
        assert inputs.dtype == np.float32 and inputs.numpy().min() >= 0 and inputs.numpy().max() <= 1
        if name != "strong":
            # The discs of the diseased are bright; the strong augmentation does not leave them so.
            middle = inputs.numpy()[:, 26:38, 26:38].mean(axis=(1, 2))
            np.testing.assert_array_equal(middle > 0.57, labels.numpy() > 0.5)
    assert not np.array_equal(first[0][0], second[0][0])


def test_no_augmentation_shows_what_inference_shows():
    image = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    view = View(Box(0.2, 0.1, 0.7, 0.9))
    preprocessing = Preprocessing(size=64)
    shown, _ = AUGMENTATIONS["none"](image, view, preprocessing, np.random.default_rng(0))
    np.testing.assert_array_equal(shown, preprocessing.apply(image, view))


@pytest.mark.parametrize("name", GEOMETRIC)
def test_simple_augmentations_mirror_about_half_and_leave_grey_values(name):
    image = np.tile(np.linspace(0.2, 0.6, SIZE, dtype=np.float32), (SIZE, 1))
    changed = [
        AUGMENTATIONS[name](image, WHOLE_IMAGE, PREPROCESSOR.record, np.random.default_rng(seed))[0]
        for seed in range(100)
    ]
    assert len({picture.tobytes() for picture in changed}) == 100
    mirrored = np.mean([picture[:, 0].mean() > picture[:, -1].mean() for picture in changed])
    assert 0.35 < mirrored < 0.65
    assert min(picture.min() for picture in changed) > 0.19 and max(picture.max() for picture in changed) < 0.61


def test_random_layers_change_images_in_training_alone_and_keep_the_range():
    network = get_recipe("cnn-160")
    model = build_model(network, SIZE, training=True)
    layers = keras.Model(model.input, model.get_layer("random_shear").output)
    image = np.random.default_rng(0).random((16, SIZE, SIZE, 1), dtype=np.float32)
    changed = layers(image, training=True).numpy()
    assert all(not np.array_equal(one, other) for one, other in zip(changed, image, strict=True))
    assert changed.min() >= 0 and changed.max() <= 1
    np.testing.assert_array_equal(layers(image, training=False), image)
    used = build_serving_model(model, network)
    np.testing.assert_allclose(used(image), model(image, training=False), atol=1e-6)
