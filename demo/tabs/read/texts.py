"""Texts of the Read tab."""

CUSTOM_THRESHOLD = "Threshold"
CUSTOM_THRESHOLD_HELP = "Probability from which pneumonia is called; moved by hand, it replaces the operating point."
PREVALENCE = "At your prevalence, %"
PREVALENCE_HELP = (
    "How many of a hundred patients radiographed where you work have pneumonia. It begins at the share among the "
    "validation images of children, which is far higher than in most practice."
)
POSITIVE_VALUE = "Positive predictive value {value}: of 100 called pneumonia, about {count} have it."
NEGATIVE_VALUE = "Negative predictive value {value}: of 100 not called pneumonia, about {count} do not have it."
AT_PREVALENCE = (
    "The probability of this image is {probability} at {prevalence}, instead of {here} at {measured}, if your patients "
    "differ from those of the {images} in nothing but the prevalence."
)
TEST_SUPPORT = "Does the marked region matter?"
NOTHING_TO_TEST = "Read an image first; then its marked region can be tested."
READ = "Read"
DICOM = "DICOM objects, for a test archive"
PRESS = f"Press {READ} to read this image with the chosen variant."
CALIBRATION_HELP = "Judges this tab's reading by a site's own probabilities and thresholds"
THIS_SESSION = "{calibration}, of this page"
