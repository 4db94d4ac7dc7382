"""Texts that several tabs show. What must be said beside every result comes from `pneumonia.core.notices`."""

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import BALANCED, CUSTOM, RULE_IN, SCREENING
from pneumonia.core.populations import ADULTS, CHILDREN

TITLE = "Chest radiographs, read for pneumonia"
INTRODUCTION = (
    "Shows where the evidence lies and how far to trust the answer. Images go to no other server and are deleted "
    "from this one within an hour of their last use."
)

# Answers, as `demo.shared.answer` chooses them.
SIGNS = "Signs of pneumonia"
SIGNS_AT = "Signs of pneumonia, mostly {place}"
NO_SIGNS = "No signs of pneumonia"
HARDLY_ANY_SIGNS = "Hardly any signs of pneumonia"
NOT_RULED_OUT = "Pneumonia is not ruled out"
NOT_RULED_IN = "Pneumonia is not ruled in"
LEANS_NOT_RULED_IN = "Leans to pneumonia, which is not ruled in"
LEANS_NOT_RULED_OUT = "Leans to normal, but pneumonia is not ruled out"
LEANS_UNSEEN = "Leans to pneumonia, but the picture hardly shows why"
CLOSE = "Too close to call: pneumonia is not ruled out"
CLOSE_LEANS = "Too close to call, leans to pneumonia"
UNDECIDED = "Depends on whether this is a child or an adult"

EVIDENCE = "{strength} evidence. {place}: {share} of it. Inside the lungs: {inside}."
EVIDENCE_INSIDE = "{strength} evidence. Inside the lungs: {inside}."
EVIDENCE_OUTSIDE = "{strength} evidence, but most of it outside the lungs. Inside: {inside}."
EVIDENCE_LUNGS_UNKNOWN = "{strength} evidence; the lungs were not found, so its zone cannot be named."
NO_EVIDENCE = "The picture shows next to no evidence for pneumonia."
NO_REGION = "No region stands out."

# Whether the outlined region matters.
REGION_MATTERS = (
    "The outlined region matters to the answer: blurred, it lowers the score more than {beaten} of {count} regions as "
    "large. That is what the network used, whether or not there is disease."
)
REGION_UNCONFIRMED = (
    "The outlined region is not confirmed: regions chosen at random may lower the score as much. Do not take it for "
    "the place of a finding."
)
TESTING_REGION = "Testing whether the outlined region matters to the answer."
REGION_BUSY = "Not tested whether the outlined region matters: the page is busy."
REGION_UNTESTED = "Not tested whether the outlined region matters."

POINTS = {SCREENING: "Screening", BALANCED: "Balanced", RULE_IN: "Rule-in", CUSTOM: "Your threshold"}
OPERATING_POINTS = {
    SCREENING: "Screening: misses least",
    BALANCED: "Balanced",
    RULE_IN: "Rule-in: fewest false alarms",
}

# The choice for whoever lets the header or the picture tell.
NOT_STATED = "auto"
POPULATION = "Patient"
POPULATIONS = {NOT_STATED: "By the image", CHILDREN: "Child, 1 to 5 years", ADULTS: "Adult"}
# Those that a reading may ask for.
ASKED = (CHILDREN, ADULTS)
READ_AS = "Read as {patient}, {source}."
SOURCES = {"header": "by the DICOM header", "reader": "as was chosen", "picture": "by the outline of the lungs"}
LESS_WELL = "{images}; these patients are the ones that are read less well"
READ_AS_ONLY = "Read by a network for {population}; whether the patient is one is not stated."
MEASURED_ON = {
    CHILDREN: "It was tested on {count} radiographs of children{where}, {positives} with pneumonia.",
    ADULTS: "It was tested on {count} radiographs of adults{where}, {positives} with pneumonia.",
}
MEASURED = "It was tested on {count} radiographs{where}, {positives} with pneumonia."
MEASURED_AT = " of {name}"

TRAINED_ON = (
    "Trained on frontal chest radiographs of children of one to five years of one hospital in Guangzhou. The last "
    "step, from what a network sees to its answer, was trained on adults of one hospital in Bethesda too, whose images "
    "radiologists judged. Each of the two has probabilities and thresholds of its own. Adults are read less well than "
    "those children, and an opacity is told from another abnormality poorly. Infants, patients of 6 to 17 years, other "
    "hospitals, lateral views and bedside films of children were not trained on, and nobody measured them."
)
SUMMARIES = {
    "custom-cnn": "A small network, trained here from scratch.",
    "mobilenetv2-frozen": "Learned to see from photographs, then from radiographs without being told what they show; "
    "only its last step was trained on what they show.",
    "mobilenetv2-finetuned": "Learned to see from photographs, then from radiographs without being told what they "
    "show; then all of it was trained on what they show.",
}
FOR_ENGINEERS = "For engineers"

UPLOAD = "Chest radiograph (DICOM or image file)"
EXAMPLES = "Or an example (synthetic, not a patient)"
VARIANT = "Network"
UNAVAILABLE_LABEL = "{title} (unavailable)"
UNAVAILABLE = "{title} is unavailable. {reason}"
OPERATING_POINT = "Operating point"
AT_OPERATING_POINT = (
    "{name}: sensitivity {sensitivity}, specificity {specificity}, on {images}. Here a probability from {threshold} on "
    "counts as pneumonia; from {low} to {high} it is too close to call."
)
SHOW = "Show"
ORIGINAL = "Original"
OVERLAY = "Overlay: where the evidence lies"

IN_LUNGS = "Spread everywhere alike, {area} of it would lie inside the lungs."
REWARDED = " This network was trained to keep it there, so that is no independent check."
KEY_LUNGS = "lungs' outline, where found"
MAP_HELP = "The same colour is the same evidence in every case: dark is weak, orange moderate, yellow strong."

PROBABILITY = "Probability of pneumonia"
BAR_THRESHOLD = "counts as pneumonia from {threshold}"
BAR_ZONE = "too close to call {low} to {high}"
FROM = "from {threshold}"

CHOOSE = "Choose, drop or paste a radiograph, or click an example; it is read at once."
TOO_LARGE = "This file is larger than {megabytes} MB and was not read; an answer below is that of another."
READING = "Reading the image."
REJECTED = "This image was not read"
BUSY = "Too many images are waiting to be read. Try again later."
NO_FILE = "Choose an image first."
TRY_AGAIN = "Nothing was read. Try again."
NO_VARIANT = "Choose a network first."
NO_OPERATING_POINT = "Choose an operating point first."
SESSION_EXPIRED = "This page was left alone, and what it had was deleted from the server. Choose the image again."
UPLOAD_DELETED = "This image has been deleted from the server in the meantime. Choose it again."
WRONG_VALUES = "This event takes other values: upload the file, name it as the upload does, and leave no value out."
NOTHING_READ = "Nothing has been read yet."
CALIBRATION = "Calibration"
LIMITS = "Limits"

DETAILS = "Checks, network and versions"
EVIDENCE_SHARE = "Evidence"
WEIGHTS = "{title}, weights version {version}"
WEIGHTS_HASH = "Weights, SHA-256"
IMAGE_HASH = "Image, SHA-256"
SEE_ABOVE = "See what needs care above; nothing else was noticed."
AS_PUBLISHED = "as published"
CALIBRATED_TO = "{name}, {date}, {count} images"
VALIDATION_IMAGES = {
    None: "images as they are and made worse, such as darker, blurred or cropped",
    CHILDREN: "images of children kept out of training, as they are and made worse, such as darker, blurred or cropped",
    ADULTS: "images of adults, each read by a copy of the network whose last step was trained without its patient, as "
    "they are and made worse, such as darker, blurred or cropped",
}
LOCAL_IMAGES = "{count} images of {name}"
LEFT_OUT = "{images}, each judged by what was fitted without its patient"
CHECKS = "Checks of the image"
NO_CHECKS = "Nothing unusual was noticed about this image."
CHECK_STATES = {"ok": "Passed", "warn": "Careful", "reject": "Not read"}

POSITIVE_VALUE = "Positive predictive value where {prevalence} have it: {value} of those counted as pneumonia do."
NEGATIVE_VALUE = "Negative predictive value where {prevalence} have it: {value} of the others do not."
NO_VALUE = "Too close to call, so no predictive value holds for it."
AT_PREVALENCE = (
    "The probability of this image would be {probability} instead of {here}, if your patients differ from the "
    "{images}, {measured} of which show pneumonia, in nothing but that share."
)

# At one operating point.
CALLED = {NORMAL: "not called", PNEUMONIA: "called", UNCERTAIN: "too close to call"}
AGREE = "All {count} networks agree at this operating point: pneumonia is {called}."
DISAGREE = (
    "The networks disagree on pneumonia at this operating point: {counts}. Do not rely on any one of them for this "
    "image."
)
OTHER_PLACES = "They do not agree on the place. Take no outlined region for the place of a finding."
# Wherever several readings stand beside each other.
REGIONS_NOT_TESTED = "No place is named here, because the outlined regions are not tested."
TEST_IN_READ = "To have one tested, choose its image and network in Read."
ONLY_ONE = "Only one network is available, so there is nothing to compare it with."

# Two images of one patient, by one network.
PAIR = "Earlier image", "Later image"
ONE_PATIENT = {CHILDREN: "child", ADULTS: "adult", None: "patient"}
NO_CHANGE = "No change beyond what two images of one {patient} differ by"
MORE = "More signs of pneumonia than two images of one {patient} differ by"
FEWER = "Fewer signs of pneumonia than two images of one {patient} differ by"
NO_CHANGE_MEANS = (
    "The two lie within the range of 95 of 100 pairs of radiographs of one {patient} with the same diagnosis. This "
    "shows no change, and does not show that there is none."
)
CHANGE_MEANS = (
    "The two lie further apart than 95 of 100 pairs of radiographs of one {patient} with the same diagnosis. Position, "
    "breath and exposure move the score too: look for the change yourself."
)
MEASURED_ON_OTHERS = "That range was measured on {patients}, and not on {others}."
SAME_IMAGE = "Both are the same image"
SAME_IMAGE_MEANS = "Choose another one, and the two are compared."
OTHER_PATIENTS = "One was read as a child's image and the other as an adult's"
UNDECIDED_PATIENT = "Whether the two differ depends on whose images they are"
SAY_WHOSE = "Choose the patient, and both are read again."
CHANGE_UNKNOWN = "How much two images of one {patient} differ by was not measured for this network"
CHANGE_UNKNOWN_MEANS = "So nothing is said of a change. Look at both answers, and for the change yourself."
ONE_PATIENT_ASSUMED = "Nobody checks that both are of one patient, nor which is the earlier."
