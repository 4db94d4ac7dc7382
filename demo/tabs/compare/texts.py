"""Texts of the Compare tab."""

COMPARE = "Compare all networks"
DURATION = "Network and map in {milliseconds} ms"

# Short enough to stand side by side on a telephone.
ALL_VARIANTS = "All networks"
TWO_IMAGES = "Two images"
CHOOSE_TWO = "Choose two radiographs, an earlier and a later one of the same patient; each is read at once."
ONE_OF_TWO = "The two are compared once both are read"
NOT_CHOSEN = "Not chosen yet."
IMAGE = "Image"
# Of the tables, after the network or the image.
COLUMNS = "Answer", "Probability", "Evidence"
