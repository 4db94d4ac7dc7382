"""Texts of the Batch tab."""

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN

UPLOAD = "Radiographs (files or a ZIP archive)"
FOLDER = "Choose a folder"
READ_ALL = "Read all"
STOP = "Stop"
STOPPED = "Stopped: {done} of {count} images were read, and are kept."
JUDGED_AT = "Judged at the operating point {point}."
CHOOSE_SEVERAL = "Choose several radiographs, a folder or a ZIP archive, then press Read all."
NO_FILES = "Choose some images first."
TOO_MANY = "These are {count:,} files; at most {most:,} are read at once."
OPEN_A_ROW = "Click a row of the table to open its reading."
ROW = "Image {number}: {name}"
ALL = "All"
NOT_READ = "Not read"
# The findings that each choice shows; None for all.
FILTERS = {
    ALL: None,
    PNEUMONIA: {PNEUMONIA},
    UNCERTAIN: {UNCERTAIN},
    NORMAL: {NORMAL},
    NOT_READ: {None},
}
# The table's columns with their types.
COLUMNS = {
    "No.": "number",
    "File": "str",
    "Finding": "str",
    "Probability, %": "number",
    "Inside lungs, %": "number",
    "Remarks": "str",
}
TABLE = "Readings; click a heading to sort, a row to open it"
CSV = "Table as CSV"
OVERLAYS = "Overlays as ZIP"
