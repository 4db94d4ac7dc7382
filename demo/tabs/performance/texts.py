"""Texts of the Performance tab."""

from pneumonia.core.notices import FEW_PATIENTS
from pneumonia.core.populations import ADULTS, CHILDREN, UNSTATED

HELP = (
    "Measured on labelled images that no network was trained on. The validation images come from the same hospital as "
    "those trained on, and they fixed the thresholds; so on images from elsewhere expect less, as those of "
    "another hospital show. Intervals are 95 %, from resampling patients, or images where the patient is unknown, "
    f"{FEW_PATIENTS}."
)
POPULATIONS = {CHILDREN: "Children, 1 to 5 years", ADULTS: "Adults", UNSTATED: "Not stated"}
POPULATIONS_HEADING = "For whom it was measured, {network} at {point}: {images}"
_PAIRS = "Pairs told apart (AUROC)"
POPULATION_COLUMNS = ("Patients", "Images (pneumonia)", _PAIRS, "Sensitivity", "Specificity", "Too close to call")
OVERVIEW = "All networks on: {images}"
OVERVIEW_COLUMNS = (
    "Network",
    _PAIRS,
    "Accuracy",
    "Sensitivity",
    "Specificity",
    "Probability off by, on average",
    "Too close to call",
)
_CORRUPTED = {
    "low-contrast": "less contrast",
    "dark": "darker",
    "bright": "brighter",
    "blurred": "blurred",
    "noisy": "with noise",
    "compressed": "strongly compressed",
    "cropped": "cropped",
    "bordered": "with a border",
}
_FIXED_ON = {"validation": "Held out for validation", "adults-folds": "Adults, held out in folds"}
SETS = {
    **_FIXED_ON,
    **{f"{name}-{how}": f"{title}, {words}" for name, title in _FIXED_ON.items() for how, words in _CORRUPTED.items()},
    "adults": "Adults, opacity or normal",
    "adults-pa": "Adults, opacity or normal, PA views",
    "adults-ap": "Adults, opacity or normal, AP views",
    "adults-other": "Adults, opacity or other disease",
}
SET = "Images"
# In the title of whatever is measured on one.
SET_AND_SIZE = "{images}, {count} images"
MARK = (
    "{network} at {point}: a probability from {threshold} on counts as pneumonia; on these images that gives "
    "sensitivity {sensitivity} and specificity {specificity}."
)
CHART_TITLE = "{chart}: {images}"
ROC = "Sensitivity and false alarms (ROC)"
PRECISION_RECALL = "Positive predictive value where {share} have pneumonia, and sensitivity"
RELIABILITY = "Whether the probability holds"
RELIABILITY_HELP = (
    "Each point is a tenth of the scale, with the number of its images and its 95 % interval. On the diagonal as many "
    "have pneumonia as the probability says."
)
TRAINING = "Training: loss on what it learned from, and on what was held out for validation, {count} images"
FALSE_ALARMS = "false alarms (1 - specificity)"
SENSITIVITY = "sensitivity"
PRECISION = "positive predictive value"
PREDICTED = "probability of pneumonia"
OBSERVED = "share with pneumonia"
EPOCH = "epoch"
LOSS = "loss"
THRESHOLD = "Try another threshold on these images; readings keep theirs"
AT_THRESHOLD = "Calling pneumonia from {threshold}: {images}"
SHARE_COLUMNS = ("Share", "With 95 % interval")
CONFUSION_COLUMNS = ("Labelled", "Called normal", "Called pneumonia")
# Predictive values hold for one prevalence alone.
SHARES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Positive predictive value where {share} have pneumonia",
    "npv": "Negative predictive value where {share} have pneumonia",
}
LABELLED = ("normal", "pneumonia")
SHORTCUTS = f"What a classifier reaches without looking at the lungs: {SETS['validation']}"
SHORTCUTS_HELP = (
    "In this data set normals and pneumonias were taken differently, so even these reach high figures on validation "
    "images: a high figure here does not show that disease was seen."
)
SHORTCUT_COLUMNS = ("It sees", _PAIRS)
SHORTCUT_NAMES = {
    "border": "The border of the image alone",
    "corners": "The four corners alone",
    "size and aspect ratio": "Size and aspect ratio alone, of images as the hospital stored them",
}
