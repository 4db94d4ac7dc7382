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
AT_POINT = (
    "Operating point {name}: pneumonia is called from {threshold}. On {images} this gave sensitivity "
    "{sensitivity} and specificity {specificity}."
)
AT_OWN = (
    "Your own threshold: pneumonia is called from {threshold}. On {images} this would give sensitivity "
    "{sensitivity} and specificity {specificity}."
)
OWN_THRESHOLD = "Threshold"
OWN_THRESHOLD_HELP = "Probability from which pneumonia is called; moved by hand, it replaces the operating point."
PREVALENCE = "At your prevalence, %"
PREVALENCE_HELP = (
    "How many of a hundred children radiographed where you work have pneumonia. It begins at the share among the "
    "validation images, which is far higher than in most practice."
)
POSITIVE_VALUE = "Positive predictive value {value}: of 100 called pneumonia, about {count} have it."
NEGATIVE_VALUE = "Negative predictive value {value}: of 100 not called pneumonia, about {count} do not have it."
CARRIED = (
    "The probability of this image is {probability} at {prevalence}, instead of {here} at {measured}, if your patients "
    "differ from those of the {images} in nothing but the prevalence."
)
ZOOM = "Zoom"
GREYS = "Grey values (for viewing; the reading stays)"
WINDOW_LEVEL = "Window level, %"
WINDOW_WIDTH = "Window width, %"
INVERT = "Invert"
RESET_VIEW = "Reset the view"
OPACITY = "Opacity of the overlay"
SHOW = "Show"
# What can be drawn over the overlay, by the name that the handlers and the views know it by.
LUNGS, CONTOUR, AGAINST = "lungs", "contour", "against"
SHOWN = {LUNGS: "Lungs' outline", CONTOUR: "Contour and peak", AGAINST: "Evidence against pneumonia"}
TEST_SUPPORT = "Does the marked region matter?"
NOTHING_TO_TEST = "Read an image first; then its marked region can be tested."
READ = "Read"
COMPARE = "Compare all variants"
ORIGINAL = "Original"
OVERLAY = "Overlay: where the evidence lies"
ORIGINAL_ALT = "The radiograph as it was uploaded."
OVERLAY_ALT = "The radiograph with the evidence for pneumonia in colour, and the lungs' outline where they were found."

IN_LUNGS = (
    "{share} of the evidence for pneumonia lies inside the lungs; a map without any knowledge would have {area} there."
)
REWARDED = " This variant was trained to keep it there, so that is no independent check."
LUNGS_UNKNOWN = "No lung fields are known for this image, so how much of the evidence lies inside them is unknown."
NO_EVIDENCE = "The map shows next to no evidence for pneumonia, inside the lungs or outside."
KEY_LUNGS = "lungs' outline, where found"
KEY_CONTOUR = "contour at {level:g} logits, where reached"
KEY_PEAK = "peak, where it reaches {level:g} logits"

PROBABILITY = "Calibrated probability of pneumonia"
BAR_THRESHOLD = "threshold {threshold}"
BAR_ZONE = "too close to call {low} to {high}"

CHOOSE = "Choose, drop or paste a radiograph, or click an example; it is read at once."
PRESS = f"Press {READ} to read this image with the chosen variant."
READING = "Reading the image."
REJECTED = "This image was not read"
NO_FILE = "Choose an image first."
TRY_AGAIN = "Nothing was read. Try again."
NO_VARIANT = "Choose a variant first."
NO_POINT = "Choose an operating point first."
CRASHED = (
    "Something went wrong on the server, and the image was not read. Try again. If it happens again, tell whoever runs "
    "this page at what time it happened."
)
DISK_FULL = (
    "The disk of the server is full, so this could not be done. Readings that this page shows stay. Try again later, "
    "and tell whoever runs this page."
)
LEFT_ALONE = "This page was left alone, and what it had was deleted from the server. Choose the image again."
EXPIRED = "This image has been deleted from the server in the meantime. Choose it again."
NO_ADDRESS = "Send the file itself: this page fetches nothing from an address."
OTHER_VALUES = "This event takes other values: upload the file, name it as the upload does, and leave no value out."
NOT_UPLOADED = "Upload the file first: this page reads nothing else on the server."
NOT_HERE = "There is nothing at this address."
OTHER_NAME = (
    "This page does not answer to this name. Open it by the IP address of its machine, or ask whoever runs it to add "
    "the name to the environment variable PNEUMONIA_HOSTS."
)
OTHER_SITE = "This page is not open to pages of other sites."
TOO_LARGE = "This request is too large; only uploads may be."

BATCH_UPLOAD = "Chest radiographs (files, or one ZIP archive)"
FOLDER = "Choose a folder"
READ_ALL = "Read all"
STOP = "Stop"
STOPPED = "Stopped: {done} of {count} images were read, and are kept."
JUDGED_AT = "Judged at the operating point {point}."
CHOOSE_SEVERAL = "Choose several radiographs, a folder or a ZIP archive, then press Read all."
NO_FILES = "Choose some images first."
TOO_MANY = "These are {count:,} files; at most {most:,} are read at once."
NOTHING_READ = "Nothing has been read yet."
OPEN_A_ROW = "Click a row of the table to open its reading."
ROW = "Image {number}: {name}"
ALL = "All"
NOT_READ = "Not read"
# The findings that each choice shows; None for all.
BATCH_FILTERS = {
    ALL: None,
    PNEUMONIA: {PNEUMONIA},
    UNCERTAIN: {UNCERTAIN},
    NORMAL: {NORMAL},
    NOT_READ: {None},
}
# The table's columns with their types.
BATCH_COLUMNS = {
    "No.": "number",
    "File": "str",
    "Finding": "str",
    "Probability, %": "number",
    "Inside lungs, %": "number",
    "Remarks": "str",
}
BATCH_TABLE = "Readings; click a heading to sort, a row to open it"
CSV = "Table as CSV"
OVERLAYS = "Overlays as ZIP"

PERFORMANCE_HELP = (
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
SETS = {
    "validation": "Validation",
    "validation-low-contrast": "Validation, less contrast",
    "validation-dark": "Validation, darker",
    "validation-bright": "Validation, brighter",
    "validation-blurred": "Validation, blurred",
    "validation-noisy": "Validation, with noise",
    "validation-compressed": "Validation, strongly compressed",
    "validation-cropped": "Validation, cropped",
    "validation-bordered": "Validation, with a border",
    "adult-selection": "Adults and older children elsewhere, first half",
    "adult-report": "Adults and older children elsewhere, second half",
}
SET = "Images"
MARK = (
    "At the operating point {point} pneumonia is called from {threshold}; on these images that gives sensitivity "
    "{sensitivity} and specificity {specificity}."
)
ROC = "ROC"
PRECISION_RECALL = "Precision and recall"
RELIABILITY = "Reliability: is 80 % right eight times in ten?"
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

RECALIBRATE = "Recalibrate to your site"
RECALIBRATE_HELP = (
    "From at least 30 radiographs of your own with a label each, of at least ten patients with pneumonia and ten "
    "without, this finds how far the probabilities of the variant "
    "chosen above are off at your site, and new thresholds. The network itself is not changed. Put the images into two "
    "folders, NORMAL and PNEUMONIA, one image a patient, and pack both into one ZIP archive. It is deleted from this "
    "server within the hour. The calibration is yours to download, can be chosen on the Read tab of this page for as "
    "long as it is open, and changes nothing for anybody else."
)
RECALIBRATE_UPLOAD = "Labelled radiographs (one ZIP archive with folders NORMAL and PNEUMONIA)"
SITE_NAME = "Name of the site"
SITE_NAME_HELP = "Lower-case letters, digits and hyphens, for instance my-hospital; no patient's name"
FIT = "Fit a calibration"
NO_ARCHIVE = "Choose a ZIP archive with the folders NORMAL and PNEUMONIA first."
NO_ZIP = "This is no ZIP archive, or a damaged one. Pack the folders NORMAL and PNEUMONIA into one."
DOWNLOAD_CALIBRATION = "Calibration as JSON"
CALIBRATED = (
    "{variant} at {name}: {count} images, {positives} with pneumonia, of {patients} patients as far as names tell"
)
PATIENT_UNKNOWN = "Names tell no patient of {count} of {files} files, so each of these counts as one of its own"
NOT_USABLE = "Not usable at this site"
COMPARED_COLUMNS = ("On these images", "As shipped", "Recalibrated, cross-validated")
MEASURES = {
    "ece": "Calibration error (ECE); 0 is perfect, and few images never reach it",
    "brier": "Brier score; 0 is perfect",
    "threshold": "threshold",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
NOT_READ_FILES = "Files that were not read and not used: {count}"
KEEPING = (
    "To keep it: download it, and whoever runs this program on your own machine puts the file into the folder "
    "weights/sites/{variant}, or makes it there with scripts/recalibrate.py."
)
CALIBRATION = "Calibration"
CALIBRATION_HELP = "Judges this tab's reading by a site's own probabilities and thresholds"
THIS_SESSION = "{calibration}, of this page"

INTENDED_USE = "Intended use"
POPULATION = "Population"
LIMITS = "Limits"
READING_THE_MAP = "How to read the map"
VARIANTS = "The variants"
SELECTION = "How the networks were chosen"
DATA = "Data and licences"
CITATION = "How to cite"

SMALL_PRINT = "{title}, weights version {version} ({weights}), image {image}, calibration {calibration}"
AS_SHIPPED = "as shipped"
CALIBRATED_TO = "{name}, {date}, {count} images"
VALIDATION_IMAGES = "validation images, plain and corrupted,"
LOCAL_IMAGES = "{count} images of {name}"
LEFT_OUT = "{images}, each judged by what was fitted without its patient,"
CHECKS = "Checks of the image"
NO_CHECKS = "Nothing unusual was noticed about this image."
CHECK_STATES = {"ok": "Passed", "warn": "Careful", "reject": "Not read"}

AGREE = "All {count} variants agree: {finding}."
DISAGREE = "The variants disagree: {findings}. Do not rely on any one of them for this image."
ONLY_ONE = "Only one variant is available, so there is nothing to compare it with."
TAKEN = "Network and map in {milliseconds} ms"

ALL_VARIANTS = "One image, all variants"
TWO_IMAGES = "Two images, one variant"
PAIR = ("First image", "Second image")
CHOOSE_TWO = "Choose two radiographs, for instance an earlier and a later one of the same child; each is read at once."
ONE_OF_TWO = "Two images that were read can be compared."
NOT_CHOSEN = "Not chosen yet."
DIFFERENCE = "The score of the second image is {change} logits {direction} than that of the first."
HIGHER, LOWER = "higher", "lower"
WITHIN_LIMIT = (
    "Two radiographs of one validation patient under the same label differ by up to {limit} logits in 95 of 100 pairs, "
    "so this does not show a change."
)
BEYOND_LIMIT = (
    "Two radiographs of one validation patient under the same label differ by more than {limit} logits in only 5 of "
    "100 pairs. Position, breath and exposure move the score too: look for the change yourself."
)
LIMIT_UNKNOWN = "How much two radiographs of one patient differ was not measured for these weights."

REPORT_PDF = "Report as PDF"
REPORT_JSON = "Report as JSON"
REPORT_NAME = "With the file's name"
REPORT_NAME_HELP = "Without it nothing in the report names the patient, unless the radiograph itself has a name on it."
READING_REPORT = "Chest radiograph, read for pneumonia"
COMPARISON_REPORT = "Chest radiograph, read for pneumonia by several variants"
REPRODUCTION = "What was read, and with what"
REPRODUCED = (
    "The command reads the image of this hash with the weights of this hash again, and gives the same logit. The JSON "
    "form of this report is compared in full by: {verify}"
)
REPORT_MADE = "Report made"
FILE_NAME = "File"
IMAGE_HASH = "Image, SHA-256"
WEIGHTS = "{title}, weights version {version}"
WEIGHTS_HASH = "Weights, SHA-256"
LOGIT = "Logit"
COMMAND = "Command"
PROGRAM = "Program"
PROGRAM_VERSION = "pneumonia {version}"
PAGE = "{made}, image {image}, page {number} of {count}"
