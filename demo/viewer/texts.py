"""Texts of the viewer."""

# A key stands in brackets after what it does.
OVERLAY = "Overlay (O)"
COLOURS = "Colours"
CONTOUR = "Contour"
LUNGS = "Lungs"
AGAINST = "Evidence against"
RESET = "Reset (R)"
INVERT = "Invert (I)"
BESIDE = "Side by side"
FULL = "Full screen (F)"
ZOOM_IN = "Zoom in"
ZOOM_OUT = "Zoom out"
OPACITY = "Opacity"
LEVEL = "Level"
WIDTH = "Width"
LAYERS = "What is drawn over the radiograph"
TOOLS = "View"
GREYS = "Opacity of the colours, and grey values that are told apart"
HANDS = (
    "Drag to move, wheel or pinch to zoom, double click to fit, drag with the right button or with Shift to change "
    "level and width. Keys: arrows move, Shift and arrows change level and width, + and \N{MINUS SIGN} zoom. The view "
    "never changes the reading."
)
HELP = "How to read and to move it"
STAGE = "Radiograph"
KEY = "Evidence for pneumonia"
KEY_AGAINST, KEY_NONE = "{strongest} against", "none"
KEY_HELP = (
    "Warm colours raised the score, and the same colour is the same evidence in every case. The white line runs around "
    "the strongest region, in dashes where a test did not confirm that it matters, and on Compare, where none is made; "
    "the green dashes run around the lungs. The evidence is coarse, and no outline of disease."
)

BARE = "Radiograph alone"
BARE_ALT = "The radiograph as it was uploaded."
EVIDENCE_ALT = "The radiograph with the evidence for pneumonia in colour. {where}"
# With the name of a place and its share of the evidence, if they are known.
STRONGEST = "The strongest region is outlined."
MOSTLY = "Mostly {place}: {share} of the evidence."
UNCONFIRMED = "White dashes: a region that is not confirmed. Green dashes: the lungs."
UNTESTED = "White dashes: the strongest region, not tested. Green dashes: the lungs."
OUTSIDE = "Most of the evidence lies outside the lungs."
