"""The two classes, in the one order that every array, table and plot follows."""

NORMAL = "NORMAL"
PNEUMONIA = "PNEUMONIA"
# A finding, never a label: the probability lies too close to the threshold to call.
UNCERTAIN = "UNCERTAIN"

# The index is the training target: 0 is normal, 1 is pneumonia.
CLASS_NAMES = (NORMAL, PNEUMONIA)
