"""A DICOM node: takes images by C-STORE, reads the frontal chest radiographs, sends the objects to one archive.

Each image is on disk before its sender is told that it was stored, and stays there until the archive has all that was
made of it.
"""
