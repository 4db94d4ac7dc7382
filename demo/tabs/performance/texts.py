"""Texts of the Performance tab."""

HELP = (
    "Measured on labelled images that no network was trained on. The validation images come from the same hospital as "
    "those trained on, and they fixed the thresholds; so on images from elsewhere expect less, as those of "
    "another hospital show. Intervals are 95 %, from resampling patients, or images where the patient is unknown."
)
OVERVIEW_COLUMNS = (
    "Variant",
    "AUROC",
    "Accuracy",
    "Sensitivity",
    "Specificity",
    "Calibration error (ECE)",
    "Uncertain",
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
_FIXED_ON = {"validation": "Validation", "adults-folds": "Adults, held out in folds"}
SETS = {
    **_FIXED_ON,
    **{f"{name}-{how}": f"{title}, {words}" for name, title in _FIXED_ON.items() for how, words in _CORRUPTED.items()},
    "adults": "Adults, opacity or normal",
    "adults-pa": "Adults, opacity or normal, PA views",
    "adults-ap": "Adults, opacity or normal, AP views",
    "adults-other": "Adults, opacity or other disease",
}
SET = "Images"
MARK = (
    "At the operating point {point} pneumonia is called from {threshold}; on these images that gives sensitivity "
    "{sensitivity} and specificity {specificity}."
)
ROC = "ROC"
PRECISION_RECALL = "Precision and recall"
RELIABILITY = "Reliability of the probability"
TRAINING = "Training"
FALSE_ALARMS = "1 - specificity"
SENSITIVITY = "sensitivity (recall)"
PRECISION = "precision"
PREDICTED = "calibrated probability"
OBSERVED = "share with pneumonia"
EPOCH = "epoch"
LOSS = "loss"
LINE = "line"
THRESHOLD = "Try another threshold on these images; readings keep theirs"
AT_THRESHOLD = "Calling pneumonia from {threshold}"
SHARE_COLUMNS = ("Share", "With 95 % interval")
CONFUSION_COLUMNS = ("Labelled", "Called normal", "Called pneumonia")
LABELLED = ("normal", "pneumonia")
SHORTCUTS = "What a classifier reaches without looking at the lungs"
SHORTCUTS_HELP = (
    "In this data set normals and pneumonias were taken differently, so even these reach high figures on validation "
    "images: a high AUROC here does not show that disease was seen."
)
SHORTCUT_COLUMNS = ("It sees", "AUROC")
SHORTCUT_NAMES = {
    "border": "The border of the image alone",
    "corners": "The four corners alone",
    "size and aspect ratio": "Size and aspect ratio alone",
}
