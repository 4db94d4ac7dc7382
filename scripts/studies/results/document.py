"""The document of the results, written from figures, so that no number is typed by hand."""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any

from pneumonia.core.notices import FEW_PATIENTS
from pneumonia.metrics.scores import VALIDATION
from pneumonia.training.cross_validation import HELD_OUT, SHIFTED
from pneumonia.utils.formatting import UNDEFINED, format_interval, format_share
from pneumonia.utils.markdown import command_block, table
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
from scripts.studies import shortcuts
from scripts.studies.documents import opening, section
from scripts.studies.results import other_hospital
from scripts.studies.results.trained import SHARES, summary

# What is compared under which name; figures of one stand in docs/studies/results/series-NAME.json.
_DESIGNS = {
    "image": "`image`: the network is shown all of it.",
    "exposure": "`exposure`: all of it, grey values stretched as the lungs need.",
    "box": "`box`: the rectangle around the lungs.",
    "hull": "`hull`: the rectangle around the lungs, all outside their convex hull hidden under one grey.",
    "penalised": "`penalised`: all of it, and in training the share of evidence outside the lungs is penalised; "
    "`mobilenetv2-finetuned` and, with a weaker penalty, `custom-cnn` are published so.",
}
# The last version of each published network that was trained on children alone.
_BEFORE = {"custom-cnn": "0.2.0", "mobilenetv2-frozen": "0.2.1", "mobilenetv2-finetuned": "0.2.0"}
# Versions of the default whose commands were run again; what they gave is kept as `trained-NAME-VERSION-again`.
_RUN_AGAIN = ("1.0.0", "1.1.0")
_OPENING = opening(
    "Results",
    "results",
    "Every file names the command that made its figures (`python -m scripts.studies.results measure trained runs/NAME` "
    "keeps those of a recipe); the published networks' are in `weights/*/metrics.json`. Intervals are 95 %, from "
    f"resampling patients, {FEW_PATIENTS} (Clopper and Pearson 1934). The "
    "official test part of the data set was never read.",
    "results/*.json",
)


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/results.md.

    Args:
        figures: of the parts: `adults`, `series-NAME` for each design, `folds`, `trained-NAME`, `augmentation`.
    """
    parts = (
        _OPENING,
        _before_and_after(figures),
        *other_hospital.sections(figures),
        _variants(),
        _withdrawn(figures["adults"]),
        _designs(figures),
        _folds(figures["folds"]),
        _trained(figures),
        _shortcuts(shortcuts.STUDY.figures()),
        _lung_fields(),
        _augmentation(figures["augmentation"]),
    )
    return "\n".join(parts)


def _before_and_after(figures: dict[str, Any]) -> str:
    """The published networks of 0.2, which were trained on children alone, beside those there are now."""
    adults = figures["adults"]["variants"]
    columns, of_columns = ["set"], []
    for variant, version in _BEFORE.items():
        before = figures[f"trained-{variant}-{version}"]["sets"][VALIDATION]
        after = summary(WEIGHTS_FOLDER / variant)
        columns += [f"`{variant}` {version}", after["version"]]
        of_columns += [{VALIDATION: before, **adults[variant]["sets"]}, after["sets"]]
    names = (VALIDATION, *adults[DEFAULT]["sets"])

    def by_set(cell: Callable[[dict[str, Any]], str]) -> str:
        return table(columns, [[name, *(cell(sets[name]) for sets in of_columns)] for name in names])

    counts = [[name, *_classes(adults[DEFAULT]["sets"][name])] for name in names[1:]]
    rejected = _counted(adults[DEFAULT]["rejected"], "image")
    return section(
        "Children and adults, before and after",
        "The networks of 0.2 learned from children alone. Those of 1.0 have their features, which were taken over and "
        f"not trained again, under heads that were fitted to both ([training](training.md)); `{DEFAULT}` 1.1.0 was "
        "trained anew, from features that were adapted without labels first: those of `mobilenetv2-frozen` 1.0.1 were "
        "taken over, whose command adapts alike. `validation` are 20 % of the children's patients, as before. The "
        "adults are of another hospital and were read by radiologists for the RSNA Pneumonia Detection Challenge; the "
        "images are of NIH ChestX-ray14. For 0.2 nobody of them was trained on; since 1.0 each is judged by a head "
        "that was fitted without the patient.",
        "`adults` tells opacities from normal radiographs, `adults-pa` and `adults-ap` do so in one view (normal "
        "radiographs whose view is unknown are in neither), `adults-other` tells opacities from radiographs that are "
        "abnormal without one, and `adults-all` from both, each weighing as much as in the challenge. Of the rows of "
        f"0.2 {rejected} the check for chest radiographs refused are left out.",
        table(["set", "opacities", "others"], counts),
        "`adults` flatters: most opacities are AP views, taken at the bedside, and most normal radiographs are not, "
        "and those without a view were made smaller elsewhere; what tells views or sizes apart helps there. "
        "`adults-pa` has one view alone. `adults-ap` has too few normal radiographs to judge by. The best "
        "AUROC that was found published for opacity against everything else is 0.885, of the EfficientNetV2-S of "
        "ianpan/pneumonia-cxr on images of the challenge, which are not those here.",
        "AUROC:",
        by_set(lambda of: format_interval(of["auroc"])),
        "Sensitivity; specificity at the balanced operating point, which for 0.2 was fixed on children, and since 1.0 "
        "on each population by itself:",
        by_set(lambda of: f"{format_share(of['sensitivity'])}; {format_share(of['specificity'])}"),
        command_block(
            "\n".join(
                (
                    figures["adults"]["command"],
                    *(summary(WEIGHTS_FOLDER / variant)["command"] for variant in PUBLISHED),
                )
            )
        ),
        "The first command was run with the weights of 0.2.",
        *_run_again(figures, names),
    )


def _run_again(figures: dict[str, Any], names: Sequence[str]) -> tuple[str, str]:
    """What recorded commands give when they are run, beside the networks that were published."""
    columns, rows = ["set"], [[name] for name in names]
    for version in _RUN_AGAIN:
        columns += [f"`{DEFAULT}` {version}", "run again", "difference"]
        published = figures.get(f"trained-{DEFAULT}-{version}") or summary(WEIGHTS_FOLDER / DEFAULT)
        again = figures[f"trained-{DEFAULT}-{version}-again"]
        for row, name in zip(rows, names, strict=True):
            a, b = (of["sets"][name]["auroc"]["value"] for of in (published, again))
            row += [f"{a:.4f}", f"{b:.4f}", f"{b - a:+.4f}"]
    return (
        "These commands, run again with the same seed, do not give the same networks to the last digit: features, or "
        "their adaptation, had been taken over. AUROC:",
        table(columns, rows),
    )


def _classes(figures: dict[str, Any]) -> list[str]:
    return [f"{figures['positives']:,}", f"{figures['n'] - figures['positives']:,}"]


def _variants() -> str:
    sets = {variant: read_bundle(WEIGHTS_FOLDER / variant).metrics["sets"] for variant in PUBLISHED}
    names = list(sets[DEFAULT])
    auroc = [[name, *(format_interval(sets[v][name]["auroc"]) for v in PUBLISHED)] for name in names]
    balanced = [[name, *(_at_balanced(sets[v][name]) for v in PUBLISHED)] for name in names]
    return section(
        "The three variants on every set",
        "`validation-...` and `adults-folds-...` are the same images under fixed corruptions. The children's stopped "
        "the training; on each population's, plain and corrupted, temperature, offset and thresholds were fixed.",
        "AUROC:",
        table(["set", *PUBLISHED], auroc),
        "At the balanced operating point: accuracy of all images; share called uncertain; accuracy of the others.",
        table(["set", *PUBLISHED], balanced),
    )


def _withdrawn(result: dict[str, Any]) -> str:
    variants = result["variants"]
    said = result["said_where_report_says_pneumonia"]
    by_label = [
        [f"by {who}", *(format_interval(of[f"by_{who}"]) for of in variants.values())]
        for who in ("report", "radiologists")
    ]
    images = variants[DEFAULT]["images_with_both_labels"]
    return section(
        "Figures that are withdrawn",
        "Earlier releases stated an AUROC of 0.32 to 0.60 on adults (`adult-selection`, `adult-report`), and called "
        "the networks near chance on them. These figures are withdrawn: their labels were mined from the texts of "
        f"reports. Of {sum(said.values())} images whose report is said to name pneumonia and which radiologists saw, "
        f"they called {said['opacity']} opacity, {said['other']} abnormal without opacity and {said['normal']} normal. "
        f"The same networks, those of 0.2, on the same {images} images, by either label (pneumonia against no finding; "
        "opacity against all others), AUROC:",
        table(["label", *variants], by_label),
        command_block(result["command"]),
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _at_balanced(figures: dict[str, Any]) -> str:
    point = figures["operating_points"]["balanced"]
    decided = point["accuracy_outside_uncertain"]
    rest = UNDEFINED if decided is None else f"{decided:.1%}"
    return f"{point['accuracy']['value']:.1%}; {point['uncertain_share']:.1%}; {rest}"


def _designs(figures: dict[str, Any]) -> str:
    rows, commands = [], []
    for design in _DESIGNS:
        result = figures[f"series-{design}"]
        commands.append(result["command"])
        for number, sets in enumerate(result["rounds"], start=1):
            point = sets["held-out"]["operating_points"]["balanced"]
            rows.append(
                [
                    f"`{design}`",
                    f"{number}",
                    format_interval(sets["held-out"]["auroc"]),
                    format_interval(sets["held-out-shifted"]["auroc"]),
                    *(f"{point[measure]['value']:.1%}" for measure in SHARES),
                    f"{sets['held-out-shifted']['operating_points']['balanced']['accuracy']['value']:.1%}",
                ]
            )
    columns = ["design", "round", "AUROC", "AUROC, corrupted", *SHARES, "accuracy, corrupted"]
    return section(
        "Where should the evidence come from?",
        " ".join(_DESIGNS.values()),
        "The data set was collected in two series of normals, and its pneumonias were halved by number. Each network "
        "was trained on one half and judged on the other, at thresholds fixed on the half it was trained on: in round "
        "1 the first normals and the early numbers are held out, in round 2 the others.",
        table(columns, rows),
        "To show the rectangle around the lungs, or the lungs alone, does worse in the second round. To stretch grey "
        "values as the lungs need, or to penalise evidence outside of them, does as well as the whole image within the "
        "intervals. The penalty was kept, because it also moves the evidence into the lungs ([heatmaps](heatmaps.md)); "
        "the stretching was not, because every reading would then depend on lungs having been found.",
        command_block("\n".join(commands)),
    )


def _folds(result: dict[str, Any]) -> str:
    found = dict.fromkeys(name for sets in result["rounds"] for name in sets)
    names = [name for name in found if name.startswith(HELD_OUT) and not name.startswith(SHIFTED)]
    rows = []
    for name in names:
        held_out = {number: sets for number, sets in enumerate(result["rounds"], start=1) if name in sets}
        plain = [sets[name] for sets in held_out.values()]
        shifted = [sets[name.replace(HELD_OUT, SHIFTED)] for sets in held_out.values()]
        title = name.removeprefix(f"{HELD_OUT}-")
        rows += [
            [
                title,
                f"{number}",
                f"{of['positives']} of {of['n']}",
                format_interval(of["auroc"]),
                format_interval(corrupted["auroc"]),
                *(f"{share:.1%}" for share in _balanced_shares(of)),
            ]
            for number, of, corrupted in zip(held_out, plain, shifted, strict=True)
        ]
        areas = (mean(of["auroc"]["value"] for of in sets) for sets in (plain, shifted))
        counts = (sum(of[count] for of in plain) for count in ("positives", "n"))
        shares = (mean(values) for values in zip(*map(_balanced_shares, plain), strict=True))
        rows.append(
            [title, "mean", " of ".join(map(str, counts)), *map("{:.3f}".format, areas), *map("{:.1%}".format, shares)]
        )
    return section(
        "Five-fold cross-validation",
        "The recipe of the default variant on children and adults, with fewer epochs, as the command says. Each fifth "
        "of the patients of both was held out once and decided nothing: no label, no adaptation. Stopping comes from a "
        "fifth of the other children, and so do their temperature and thresholds; those of adults come from the other "
        "adults, out of fold. Adults are judged by radiologists: opacity against normal, in all (`adults`) and in each "
        "view, against other disease (`-other`), and against both at the shares of the RSNA challenge (`-all`). A fold "
        "has too few normal AP views to judge `adults-ap` by. The other two variants were not trained "
        "again in folds; of all three, adults are judged out of folds of the head above.",
        table(["held out", "fold", "pneumonia", "AUROC", "AUROC, corrupted", *SHARES], rows),
        command_block(result["command"]),
    )


def _balanced_shares(figures: dict[str, Any]) -> list[float]:
    return [figures["operating_points"]["balanced"][measure]["value"] for measure in SHARES]


def _trained(figures: dict[str, Any]) -> str:
    rows, commands = [], []
    folders = [WEIGHTS_FOLDER / variant for variant in PUBLISHED]
    systems = {folder.name: summary(folder) for folder in folders}
    systems |= {part.removeprefix("trained-"): kept for part, kept in figures.items() if part.startswith("trained-")}
    for name, kept in systems.items():
        sets = kept["sets"]
        shifted = {key: of_set for key, of_set in sets.items() if key.startswith("validation-")}
        worst = min(shifted, key=lambda key: shifted[key]["auroc"]["value"])
        rows.append(
            [
                f"`{name}`",
                format_interval(sets["validation"]["auroc"]),
                format_share(sets["validation"]["accuracy"]),
                f"{shifted[worst]['auroc']['value']:.3f} ({worst.removeprefix('validation-')})",
                f"{min(of_set['accuracy']['value'] for of_set in shifted.values()):.1%}",
                f"{kept['epochs']} of {kept['planned_epochs']}",
                f"{kept['minutes']:.0f}",
            ]
        )
        commands.append(kept["command"])
    others = [name for name in systems[PUBLISHED[0]]["sets"] if name.startswith("validation-")]
    each = [[f"`{name}`", *(_brief(kept["sets"][other]) for other in others)] for name, kept in systems.items()]
    columns = ["system", "AUROC", "accuracy", "worst AUROC, corrupted", "worst accuracy, corrupted"]
    columns += ["epochs", "minutes"]
    return section(
        "All that was trained here",
        "The same validation images of children and the same scoring for all, at each one's balanced operating point. "
        "Minutes are those of one training on two cores, most of it beside other work, interruptions left out, and say "
        "little by themselves; for `cnn-160` and `cnn-adam`, which were interrupted before the time was kept, the "
        "first 4 and 9 epochs count with the seconds that Keras printed. Rows with a version were published before; "
        "`mobilenetv2-frozen-unadapted` is the frozen variant of 0.2.1 without its adaptation, "
        "`mobilenetv2-finetuned-again` is 0.2.0 trained a second time with the same seed, and the other rows that end "
        "so are what the command of that version gave. The other recipes are those of five student projects on this "
        "data set. Where fewer epochs were run than planned, several in turn had brought nothing better. The "
        "corruptions are of kinds that the augmentation of the networks of this project also draws from, in other "
        "forms; that of the recipes, where there is any, shares only the zoom. The reports of the five give 82 % to "
        "94 % accuracy on the official test part, and not which recipe reached what, so no figure of theirs stands "
        "beside a row.",
        table(columns, rows),
        "AUROC and accuracy on each set apart from the plain one:",
        table(["system", *(other.removeprefix("validation-") for other in others)], each),
        command_block("\n".join(commands)),
    )


def _brief(figures: dict[str, Any]) -> str:
    return f"{figures['auroc']['value']:.3f}; {figures['accuracy']['value']:.1%}"


def _shortcuts(result: dict[str, Any]) -> str:
    rows = [[what, format_interval(interval)] for what, interval in result["figures"].items()]
    return section(
        "What a classifier reaches without looking at the lungs",
        "A high AUROC on images of this source says little by itself: the classes differ in how they were taken.",
        table(["what it sees", "AUROC"], rows),
        command_block(result["command"]),
    )


def _lung_fields() -> str:
    figures = read_bundle(WEIGHTS_FOLDER / "lung-fields").metrics["sets"]["validation"]
    return section(
        "Lung fields",
        f"Dice {format_interval(figures['dice'])} on {figures['n']} held-out masks; the "
        "[card](../weights/lung-fields/README.md) has the corrupted sets.",
        command_block(figures["command"]),
    )


def _augmentation(result: dict[str, Any]) -> str:
    ratio = result["ratio"]
    return section(
        "What augmentation costs",
        f"Training steps with augmentation took {ratio['median']:.2f} times ({ratio['low']:.2f} to "
        f"{ratio['high']:.2f}) those on images already augmented in memory, timed in turn in one run.",
        command_block(result["command"]),
    )
