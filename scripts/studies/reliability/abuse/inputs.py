"""Kinds of uploads and the answers they get: a row an input.

In `tests/unit/imaging`, files are damaged at random and every lossless syntax of DICOM is compared.
"""

from scripts.studies.reliability.abuse import dicom_inputs, image_inputs

ROWS = (*image_inputs.ROWS, *dicom_inputs.ROWS)
