"""Measurements of the project, a study each: `python -m scripts.studies.NAME measure` and then `... render`."""
