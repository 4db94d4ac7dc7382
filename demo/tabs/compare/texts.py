"""Texts of the Compare tab."""

COMPARE = "Compare all networks"
DURATION = "Network and map in {milliseconds} ms"

# Short enough to stand side by side on a telephone.
ALL_VARIANTS = "All networks"
TWO_IMAGES = "Two images"
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
