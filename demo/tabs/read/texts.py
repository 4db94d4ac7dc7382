"""Texts of the Read tab."""

from pneumonia.core.correction import Correction

OWN_THRESHOLD = "A threshold of your own"
CUSTOM_THRESHOLD = "Threshold"
CUSTOM_THRESHOLD_HELP = (
    "Probability from which on an image counts as pneumonia; moved by hand, it replaces the operating point."
)
PREVALENCE = "Of 100 patients like this one, how many have pneumonia?"
OTHER_PREVALENCE = "or"
NO_PREVALENCE = "Give a number above 0 and below 100."
# In percent.
PREVALENCES = (1, 5, 10, 20, 50)
READ = "Read"
DICOM = "DICOM objects, for a test archive"
CHANGED_BY_READER = (
    "You turned or inverted this picture, and its file was not. Change the file and read that; DICOM objects are of "
    "files."
)
CORRECTIONS = {
    Correction(1): "Turn left by 90\N{DEGREE SIGN}",
    Correction(3): "Turn right by 90\N{DEGREE SIGN}",
    Correction(2): "Turn by 180\N{DEGREE SIGN}",
    Correction(inverted=True): "Invert black and white",
}
OPEN_IN_BATCH = "Open in Batch"
CALIBRATION_HELP = "Judges this tab's reading by a site's own probabilities and thresholds"
THIS_SESSION = "{calibration}, of this page"
ADVISED_AGAINST = "{calibration}, advised against"
