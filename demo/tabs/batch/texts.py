"""Texts of the Batch tab."""

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN

UPLOAD = "Radiographs (files or a ZIP archive)"
FOLDER = "Choose a folder"
READ_ALL = "Read all"
STOP = "Stop"
READ_AGAIN = f"The list is as it was read before. Press {READ_ALL} to read what is chosen now."
PROGRESS = "{done} of {count} images read{left}."
LEFT = ", about {duration} left"
READ = "{images}: {findings}."
STOPPED = "Stopped: {done} of {count} images were read, and are kept."
# Of so many images that have an answer of this state.
COUNTED = {
    PNEUMONIA: "{count} with signs of pneumonia",
    UNCERTAIN: "{count} in doubt",
    NORMAL: "{count} without signs",
    None: "{count} not read",
}
JUDGED_AT = "Judged at {point}."
CHOOSE_SEVERAL = "Choose several radiographs, a folder or a ZIP archive, then press Read all."
NO_FILES = "Choose some images first."
TOO_MANY = "These are {count:,} files; at most {most:,} are read at once."
OPEN_A_ROW = "Click a row to open its reading, or go through the list with the arrow keys."
ROW = "Image {number}: {name}"
BACK = "Back to the list"
CSV = "Table as CSV"
OVERLAYS = "Overlays as ZIP"

# === The list ===

LIST = "Readings. Arrow keys, Home and End open the next one."
SORT = "Sort by"
# By what the script calls them. What is in doubt comes first, and what lies nearest to the threshold.
SORTS = {"doubt": "Doubt", "probability": "Probability", "name": "Name"}
SHOW = "Show"
# By state, as above.
FILTERS = {"": "All", PNEUMONIA: "Signs", UNCERTAIN: "In doubt", NORMAL: "No signs", "NOT READ": "Not read"}
NOT_READ = "Not read"
NUMBER = "No. {number}"
NOTHING = "None of these."
