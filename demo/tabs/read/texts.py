"""Texts of the Read tab."""

OWN_THRESHOLD = "A threshold of your own"
CUSTOM_THRESHOLD = "Threshold"
CUSTOM_THRESHOLD_HELP = "Probability from which pneumonia is called; moved by hand, it replaces the operating point."
PREVALENCE = "Of 100 patients like this one, how many have pneumonia?"
# In percent.
PREVALENCES = (1, 5, 10, 20, 50)
TEST_SUPPORT = "Does the marked region matter?"
NOTHING_TO_TEST = "Read an image first; then its marked region can be tested."
READ = "Read"
DICOM = "DICOM objects, for a test archive"
PRESS = f"Press {READ} to read this image with the chosen network."
CALIBRATION_HELP = "Judges this tab's reading by a site's own probabilities and thresholds"
THIS_SESSION = "{calibration}, of this page"
ADVISED_AGAINST = "{calibration}, advised against"
