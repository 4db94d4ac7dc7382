"""Texts of the About tab."""

INTENDED_USE = "Intended use"
POPULATION = "Population"
READING_THE_MAP = "How to read the map"
VARIANTS = "The variants"
SELECTION = "How the networks were chosen"
DATA = "Data and licences"
CITATION = "How to cite"
