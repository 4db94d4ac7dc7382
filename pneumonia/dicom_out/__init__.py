"""A reading as DICOM objects in the study of its image."""
