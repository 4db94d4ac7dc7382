"""What an upload meets and the answer it gets: a row an input.

In `tests/unit/imaging`, files are damaged at random and every lossless syntax of DICOM is compared.
"""

from scripts.studies.reliability.abuse import dicom_inputs, image_inputs

ROWS = (*image_inputs.ROWS, *dicom_inputs.ROWS)
