"""Texts of the section that fits a calibration to a site."""

RECALIBRATE = "Recalibrate to your site"
HELP = (
    "From at least 30 radiographs of your own with a label each, of at least ten patients with pneumonia and ten "
    "without, this finds how far the probabilities of the network "
    "chosen above are off at your site, and new thresholds. The network itself is not changed. Put the images into two "
    "folders, NORMAL and PNEUMONIA, one image a patient, and pack both into one ZIP archive. It is deleted from this "
    "server within the hour. The calibration is yours to download, can be chosen on the Read tab of this page for as "
    "long as it is open, and changes nothing for anybody else."
)
UPLOAD = "Labelled radiographs (ZIP archive)"
SITE_NAME = "Name of the site"
SITE_NAME_HELP = "Lower-case letters, digits and hyphens, for instance my-hospital; no patient's name"
FIT = "Fit a calibration"
NO_ARCHIVE = "Choose a ZIP archive with the folders NORMAL and PNEUMONIA first."
NO_ZIP = "This is no ZIP archive, or a damaged one. Pack the folders NORMAL and PNEUMONIA into one."
DOWNLOAD_CALIBRATION = "Calibration as JSON"
DOWNLOAD_ADVISED_AGAINST = "Calibration as JSON, advised against"
CALIBRATED = (
    "{variant} at {name}: {count} images, {positives} with pneumonia, of {patients} patients as far as names tell"
)
PATIENT_UNKNOWN = "Names tell no patient of {count} of {files} files, so each of these counts as one of its own"
NOT_USABLE = "Not usable at this site"
COMPARED_COLUMNS = ("On these images", "As published", "Recalibrated, on images left out in turn")
MEASURES = {
    "ece": "Probability off by, on average; 0 is perfect, and few images never reach it",
    "brier": "Squared error of the probability; 0 is perfect",
    "threshold": "threshold",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
NOT_READ_FILES = "Files that were not read and not used: {count}"
KEEPING = (
    "To keep it: download it, and whoever runs this program on your own machine puts the file into the folder "
    "weights/sites/{variant}, or makes it there with pneumonia recalibrate."
)
