"""Texts that several tabs show. What must be said beside every result comes from `pneumonia.core.notices`."""

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import BALANCED, RULE_IN, SCREENING
from pneumonia.core.populations import ADULTS, CHILDREN

TITLE = "Chest radiographs, read for pneumonia"
INTRODUCTION = (
    "Shows where the evidence lies and how far to trust the answer. Images go to no other server and are deleted "
    "from this one within the hour."
)

FINDINGS = {
    NORMAL: "No sign of pneumonia above the threshold",
    PNEUMONIA: "Signs of pneumonia above the threshold",
    UNCERTAIN: "Too close to the threshold to call",
}

OPERATING_POINTS = {
    SCREENING: "Screening: misses least",
    BALANCED: "Balanced",
    RULE_IN: "Rule-in: fewest false alarms",
}

# The choice for whoever lets the header or the picture tell.
NOT_STATED = "auto"
POPULATION = "Patient"
POPULATIONS = {NOT_STATED: "As the image tells", CHILDREN: "Child, 1 to 5 years", ADULTS: "Adult"}
READ_AS = "Read as {patient}, {source}."
SOURCES = {"header": "by the DICOM header", "reader": "as was chosen", "picture": "by the outline of the lungs"}
UNDECIDED = "Depends on whether this is a child or an adult"
LESS_WELL = "{images} of the population that is read less well,"
READ_AS_ONLY = "Read by a network for {population}; whether the patient is one is not stated."

UPLOAD = "Chest radiograph (DICOM or image file)"
EXAMPLES = "Or an example (synthetic, not a patient)"
EXAMPLE = "synthetic {number}"
VARIANT = "Variant"
UNAVAILABLE_LABEL = "{title} (unavailable)"
UNAVAILABLE = "{title} is unavailable. {reason}"
OPERATING_POINT = "Operating point"
AT_OPERATING_POINT = (
    "Operating point {name}: pneumonia is called from {threshold}. On {images} this gave sensitivity "
    "{sensitivity} and specificity {specificity}."
)
AT_CUSTOM_THRESHOLD = (
    "Custom threshold: pneumonia is called from {threshold}. On {images} this would give sensitivity "
    "{sensitivity} and specificity {specificity}."
)
SHOW = "Show"
ORIGINAL = "Original"
OVERLAY = "Overlay: where the evidence lies"

IN_LUNGS = (
    "{share} of the evidence for pneumonia lies inside the lungs; a map without any knowledge would have {area} there."
)
REWARDED = " This variant was trained to keep it there, so that is no independent check."
LUNGS_UNKNOWN = "No lung fields are known for this image, so how much of the evidence lies inside them is unknown."
NO_EVIDENCE = "The map shows next to no evidence for pneumonia, inside the lungs or outside."
KEY_LUNGS = "lungs' outline, where found"

PROBABILITY = "Calibrated probability of pneumonia"
BAR_THRESHOLD = "threshold {threshold}"
BAR_ZONE = "too close to call {low} to {high}"

CHOOSE = "Choose, drop or paste a radiograph, or click an example; it is read at once."
READING = "Reading the image."
REJECTED = "This image was not read"
NO_FILE = "Choose an image first."
TRY_AGAIN = "Nothing was read. Try again."
NO_VARIANT = "Choose a variant first."
NO_OPERATING_POINT = "Choose an operating point first."
SESSION_EXPIRED = "This page was left alone, and what it had was deleted from the server. Choose the image again."
UPLOAD_DELETED = "This image has been deleted from the server in the meantime. Choose it again."
WRONG_VALUES = "This event takes other values: upload the file, name it as the upload does, and leave no value out."
NOTHING_READ = "Nothing has been read yet."
CALIBRATION = "Calibration"
LIMITS = "Limits"

SMALL_PRINT = "{title}, weights version {version} ({weights}), image {image}, calibration {calibration}"
AS_PUBLISHED = "as published"
CALIBRATED_TO = "{name}, {date}, {count} images"
VALIDATION_IMAGES = {
    None: "images, plain and corrupted,",
    CHILDREN: "validation images of children, plain and corrupted,",
    ADULTS: "images of adults, each read by a network whose last layer did not see its patient, plain and corrupted,",
}
LOCAL_IMAGES = "{count} images of {name}"
LEFT_OUT = "{images}, each judged by what was fitted without its patient,"
CHECKS = "Checks of the image"
NO_CHECKS = "Nothing unusual was noticed about this image."
CHECK_STATES = {"ok": "Passed", "warn": "Careful", "reject": "Not read"}

AGREE = "All {count} variants agree: {finding}."
DISAGREE = "The variants disagree: {findings}. Do not rely on any one of them for this image."
ONLY_ONE = "Only one variant is available, so there is nothing to compare it with."
