"""The page's words. What must be said beside every result comes from `pneumonia.notices`."""

from pneumonia.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.operating_points import BALANCED, RULE_IN, SCREENING

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

UPLOAD = "Chest radiograph (DICOM or image file)"
EXAMPLES = "Or an example (synthetic, not a patient)"
EXAMPLE = "synthetic {number}"
VARIANT = "Variant"
UNAVAILABLE_LABEL = "{title} (unavailable)"
UNAVAILABLE = "{title} is unavailable. {reason}"
OPERATING_POINT = "Operating point"
OPACITY = "Opacity of the overlay"
SHOW = "Show"
# What can be drawn over the overlay, by the name that the handlers and the views know it by.
LUNGS, CONTOUR, AGAINST = "lungs", "contour", "against"
SHOWN = {LUNGS: "Lungs' outline", CONTOUR: "Contour and peak", AGAINST: "Evidence against pneumonia"}
READ = "Read"
COMPARE = "Compare all variants"
ORIGINAL = "Original"
OVERLAY = "Overlay: where the evidence lies"
ORIGINAL_ALT = "The radiograph as it was uploaded."
OVERLAY_ALT = "The radiograph with the evidence for pneumonia in colour, and the lungs' outline where they were found."

IN_LUNGS = (
    "{share} of the evidence for pneumonia lies inside the lungs; a map without any knowledge would have {area} there."
)
LUNGS_UNKNOWN = "No lung fields are known for this image, so how much of the evidence lies inside them is unknown."
NO_EVIDENCE = "The map shows next to no evidence for pneumonia, inside the lungs or outside."
KEY_LUNGS = "lungs' outline, where found"
KEY_CONTOUR = "contour at {level:g} logits, where reached"
KEY_PEAK = "peak, where it reaches {level:g} logits"

CHOOSE = "Choose a radiograph or one of the examples; it is read at once."
PRESS = f"Press {READ} to read this image with the chosen variant."
READING = "Reading the image."
REJECTED = "This image was not read"
NO_FILE = "Choose an image first."
EXPIRED = "This image has been deleted from the server in the meantime. Choose it again."

SMALL_PRINT = "{title}, weights version {version} ({weights}), image {image}"
CHECKS = "Checks of the image"
NO_CHECKS = "Nothing unusual was noticed about this image."
CHECK_STATES = {"ok": "Passed", "warn": "Careful", "reject": "Not read"}

AGREE = "All {count} variants agree: {finding}."
DISAGREE = "The variants disagree: {findings}. Do not rely on any one of them for this image."
ONLY_ONE = "Only one variant is available, so there is nothing to compare it with."
