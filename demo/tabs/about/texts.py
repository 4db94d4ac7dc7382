"""Texts of the About tab that no model card has."""

CHOSEN = (
    "Nothing was chosen by the plain validation images, which are read almost without error long before a network is "
    "reliable. That the networks see the whole image, and are trained to find their evidence inside the lungs, was "
    "chosen by training on one part of the children's images and judging on the other, as they are and made worse, and "
    "on some adults of another hospital, by labels that turned out to be no truth. How adults were added, and how two "
    "of the networks learned to see, was chosen by how well a network that learned from one hospital reads the other. "
    "So the figures of adults are of patients whom the last step of a network did not see, but whose hospital informed "
    "these choices."
)
