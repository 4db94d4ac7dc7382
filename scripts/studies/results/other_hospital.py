"""Sections of the results on what choices bring at a hospital that was not trained on."""

from collections.abc import Callable
from typing import Any

from pneumonia.metrics.scores import VALIDATION
from pneumonia.utils.formatting import UNDEFINED, format_interval
from pneumonia.utils.markdown import command_block, table
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from scripts.studies.documents import section
from scripts.studies.results.ingredients import ADAPTED, BOTH, CUSTOM, HALF_WAY, PLAIN, UNMOVED

# Why a row of the ingredients is in the published network, or is not although it gains; of others the figures say it.
_KEPT = {
    "no penalty outside the lungs": "no: the penalty moves evidence into the lungs",
    "penalty outside radiologists' boxes": "no: maps are judged by boxes",
    "styles mixed with the other hospital": "no: it takes images of the hospital that is read later",
    "adaptation without labels first": "yes, since 1.1.0",
    CUSTOM: "as `custom-cnn`",
    ADAPTED: "as `mobilenetv2-frozen`",
    BOTH: "no: it takes two passes",
}


def sections(figures: dict[str, Any]) -> list[str]:
    """The sections, from the figures of the parts `transfer-NAME`, `clues-NAME`, `ingredients` and `heads-NAME`."""
    return [_transfer(figures), _clues(figures), _ingredients(figures["ingredients"]), _heads(figures)]


def _transfer(figures: dict[str, Any]) -> str:
    trained = {name.removeprefix("transfer-"): kept for name, kept in figures.items() if name.startswith("transfer-")}
    sets = list(next(iter(trained.values()))["to_others"])
    rows = [
        [
            f"`{name}`",
            f"{kept['adaptation_epochs']}" if kept["adaptation_epochs"] else "none",
            f"{kept['tuned_share']:g}" if kept["phases"] else "none",
            f"{kept['evidence_penalty']:g}" if kept["phases"] else "none",
            *(format_interval(kept["to_others"][of]) for of in sets),
            "labels seen" if kept["to_main"] is None else format_interval(kept["to_main"]),
        ]
        for name, kept in trained.items()
    ]
    columns = ["training", "epochs of adaptation", "fine-tuned", "penalty outside the lungs"]
    columns += [f"children to {of}" for of in sets] + ["adults to children"]
    clues = list(trained[DEFAULT]["clues"])
    counts = {clue: trained[DEFAULT]["clues"][clue] for clue in clues}
    told = [
        [
            clue,
            f"{counts[clue]['of']:,} of {counts[clue]['n']:,}",
            *(format_interval(kept["clues"][clue]) for kept in trained.values()),
        ]
        for clue in clues
    ]
    commands = [command for kept in trained.values() for command in (kept["training"], kept["command"])]
    return section(
        "What each ingredient brings at another hospital",
        "A head, penalised as that of the published networks, is fitted to one population alone and scored on the "
        "other, on features that saw no label of the population that it is scored on. Adaptation is without labels: "
        "on the children's images, but of `mobilenetv2-frozen` 1.0.0 on those of both. "
        "Fine-tuning is on children's labels; `fine-tuned` says how far the weights go from those before it to those "
        "after it. One seed each: differences of a hundredth are noise.",
        table(columns, rows),
        "The adaptation of `mobilenetv2-frozen` to both hospitals did not help: each way its features do worse than "
        "those that were adapted to children alone. So version 1.0.1 goes back to the latter. "
        f"`{DEFAULT}` 1.1.0, which is adapted before it is fine-tuned, does better than 1.0.0 on PA views of the other "
        "hospital, about as well on all views together and on AP views, and less well between opacities and other "
        "abnormalities, and its score tells the views of normal adults rather more; the intervals overlap.",
        "Does a score use what says nothing of the disease? AUROC with which the score of a head that was fitted to "
        "both populations, without the patient, tells AP from PA views, and images whose patient is known from those "
        "that were made smaller elsewhere, among adults whom radiologists call alike: `opacity`, `normal`, or `other`, "
        "abnormal without opacity (0.5 is none). A score may differ with the disease there too: those at the bedside "
        "are the sicker ones.",
        table(["told apart", "images", *(f"`{name}`" for name in trained)], told),
        command_block("\n".join(commands)),
    )


def _clues(figures: dict[str, Any]) -> str:
    measured = {f"`{variant}`": figures[f"clues-{variant}"]["clues"] for variant in PUBLISHED}
    alike = {("AP or PA", "True"): "AP views", ("AP or PA", "False"): "PA views"}
    alike |= {("patient known or not", "True"): "images whose patient is known"}
    first = next(iter(measured.values()))

    def row(name: str, found: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
        of_each = [found(clues) for clues in measured.values()]
        return [name, f"{of_each[0]['of']:,} of {of_each[0]['n']:,}", *map(format_interval, of_each)]

    probes = [
        row(f"{clue}, {word}", lambda clues, clue=clue, word=word: clues[clue]["probe"][word])
        for clue, of in first.items()
        for word in of["probe"]
    ]
    labels = [row(f"{clue}, by itself", lambda clues, clue=clue: clues[clue]["label"]) for clue in first]
    labels += [
        row(
            f"{clue}, a probe's score, among {among}", lambda clues, clue=clue, by=by: clues[clue]["label_by_probe"][by]
        )
        for (clue, by), among in alike.items()
    ]
    return section(
        "What features tell of how an image was taken",
        "Probes, penalised as the published heads, on the features of the published networks: fitted to tell AP from "
        "PA views, and adults whose patient is known from those that were made smaller elsewhere; out of fold by "
        "patient, among adults whom radiologists call alike, so that the disease does not help them. AUROC:",
        table(["told apart", "images", *measured], probes),
        "Can the label be told from that? AUROC with which opacities are told from normal radiographs: by the view or "
        "the source itself, and by a probe's score among images that are alike in it; 0.5 is none.",
        table(["by", "opacities", *measured], labels),
        "The source would tell nearly every label, but a probe hardly tells it among normal radiographs, which alone "
        "are of both; what it learns there gives opacities lower scores, not higher ones. The view is told by every "
        "network, and what tells it among radiographs that are called alike tells opacities too, among PA views as "
        "well: these features do not keep view and opacity apart, so the view is not ruled out as a clue. That is why "
        "`adults-pa`, of one view alone, stands beside `adults` everywhere. To let each class of each view count the "
        "same was tried and not kept (below): there are too few normal AP views, which would count as much as all "
        "others.",
        command_block("\n".join(figures[f"clues-{variant}"]["command"] for variant in PUBLISHED)),
    )


def _ingredients(result: dict[str, Any]) -> str:
    measured, images = result["ingredients"], result["images"]
    seeds = len(measured[PLAIN]["children"]["auroc"])
    columns = {"children to adults": "adults", "children to adults-pa": "adults-pa"}
    columns |= {"children to adults-other": "adults-other", "adults to children": "children"}

    def cells(name: str, form: Callable[[dict[str, Any]], str]) -> list[str]:
        return [form(measured[name][key]) if key in measured[name] else UNDEFINED for key in columns.values()]

    def gains(name: str, *sets: str) -> bool:
        # With each seed: the interval does not hold what another training changes.
        return all(
            (of := measured[name].get(key)) is not None
            and of["gain"]["low"] > 0
            and min(of["auroc"]) > max(measured[PLAIN][key]["auroc"])
            for key in sets
        )

    others = [name for name in measured if name != PLAIN]
    both = [name for name in others if gains(name, "adults", "children")]
    one = [name for name in others if name not in both and (gains(name, "adults") or gains(name, "children"))]
    counts = "; ".join(
        f"{of['train']:,} images of {name} to train with, {of['scored']:,} to be scored" for name, of in images.items()
    )
    return section(
        "What each ingredient of fine-tuning brings at another hospital",
        f"Short trainings of `{DEFAULT}` from ImageNet, {result['epochs']} epochs each or as many steps, on one "
        "population alone; then a head, penalised as that of the published networks, is fitted to the same images, and "
        f"scored on the other population: {counts}; of each class and each word of radiologists the same number at "
        f"most, so that normal adults weigh less than in other tables. AUROC, the mean of {seeds} "
        f"seed{'s' if seeds > 1 else ''}, and from least to most. Each row differs from the first in one thing, but "
        "`custom-cnn` is trained from nothing, by its own recipe.",
        table(
            ["training", *columns],
            [[name, *cells(name, lambda of: _over_seeds(of["auroc"]))] for name in measured],
        ),
        "What each gains over the first row in AUROC, the mean over the seeds, with intervals of 95 % from resampling "
        "patients, and whether the published default is trained so:",
        table(
            ["training", *columns, "published"],
            [
                [name, *cells(name, lambda of: format_interval(of["gain"], "{:+.3f}".format)), _KEPT.get(name, "no")]
                for name in others
            ],
        ),
        f"`{UNMOVED}` are those of ImageNet under the same head, `{ADAPTED}` those of `mobilenetv2-frozen`, which saw "
        f"children without labels; `{BOTH}` adds the score on these to that of the first row, each scaled to a "
        f"deviation of one; `{HALF_WAY}` is the mean of the weights before and after fine-tuning. Styles are mixed "
        "with those of images of the other hospital that are not scored, without their labels: what a hospital that is "
        "in neither source cannot lend. Boxes were drawn on adults alone. The intervals do not hold what another "
        "training changes, which is as much: with the same seed too, a training repeated moves by some hundredths, "
        "most from adults to children. Beyond the interval, and with each seed more than the first row with any, gain "
        f"both ways: {', '.join(both) or 'none'}; one way alone: {', '.join(one) or 'none'}.",
        command_block(result["command"]),
    )


def _heads(figures: dict[str, Any]) -> str:
    measured = {name.removeprefix("heads-"): kept for name, kept in figures.items() if name.startswith("heads-")}
    parts = []
    for name, kept in measured.items():
        choices = kept["choices"]
        keys = [key for key, values in next(iter(choices.values())).items() if None not in values]
        rows = [[choice, *(_over_seeds(of[key]) for key in keys)] for choice, of in choices.items()]
        parts += [f"`{name}`:", table(["head", *map(_judged, keys)], rows)]
    mined = next(iter(measured.values()))["mined"]
    return section(
        "What each choice about the head brings",
        "Heads on the features of the published networks, each fitted with three seeds, which decide folds and random "
        "changes of the images: mean AUROC, and from least to most. A head for both populations is judged on the "
        "children's validation images and on adults out of fold; a head for one population on the other alone. `AP "
        "from PA` is how well a score tells the views of normal adults apart, 0.5 for not at all. The published "
        "choice: each image as it is and once changed, each class of each population counts the same, a strong "
        "penalty.",
        *parts,
        "A changed copy of each image brings the fine-tuned network a hundredth from children to adults, and costs it "
        "as much on PA views at home; three bring no more. Three times the penalty costs the frozen network a "
        "hundredth or more nearly everywhere, and the fine-tuned one hardly anything. A third or a tenth of it does as "
        "well at home; it brings the frozen network something from children to adults, most on PA views, and loses as "
        "much from adults to children: what does not help both ways is not kept. Where each class of each view counts "
        "the same, the score tells views less, and opacities less too, also within PA. Labels from reports: "
        f"{mined['images']} images that no radiologist of the challenge saw, of whose reports {mined['named']} name "
        "pneumonia; where radiologists saw an image whose report names it, they called "
        f"{mined['opacity_if_named']:.0%} opacity, and {mined['opacity_if_not']:.0%} where it does not. None of the "
        "three ways to take these labels does much.",
        command_block("\n".join(kept["command"] for kept in measured.values())),
    )


def _over_seeds(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{sum(values) / len(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _judged(key: str) -> str:
    if key == "view":
        return "AP from PA"
    if key == "main":
        return VALIDATION
    if key == "to-main":
        return "adults to children"
    return f"children to {key.removeprefix('to-')}" if key.startswith("to-") else key
