"""Keep the figures of trainings, and of what augmentation costs, and set all results side by side."""

from scripts.studies.results import adults, augmentation, clues, heads, ingredients, trained, transfer
from scripts.studies.results.document import render
from scripts.studies.study import Measurement, Study
from scripts.studies.two_populations import add_trained_options

STUDY = Study(
    "results",
    __doc__,
    {
        "trained": Measurement(
            trained.add_options, trained.measure, part=lambda arguments: f"trained-{arguments.folder.name}"
        ),
        "transfer": Measurement(
            add_trained_options, transfer.measure, part=lambda arguments: f"transfer-{arguments.weights.name}"
        ),
        "clues": Measurement(
            add_trained_options, clues.measure, part=lambda arguments: f"clues-{arguments.weights.name}"
        ),
        "heads": Measurement(
            add_trained_options, heads.measure, part=lambda arguments: f"heads-{arguments.weights.name}"
        ),
        "ingredients": Measurement(ingredients.add_options, ingredients.measure),
        "adults": Measurement(adults.add_options, adults.measure),
        "augmentation": Measurement(augmentation.add_options, augmentation.measure),
    },
    render,
)

if __name__ == "__main__":
    STUDY.run()
