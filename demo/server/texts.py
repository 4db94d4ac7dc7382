"""Texts of answers to requests that are not met."""

CRASHED = (
    "Something went wrong on the server, and the image was not read. Try again. If it happens again, tell whoever runs "
    "this page at what time it happened."
)
DISK_FULL = (
    "The disk of the server is full, so this could not be done. Readings that this page shows stay. Try again later, "
    "and tell whoever runs this page."
)
NO_ADDRESS = "Send the file itself: this page fetches nothing from an address."
NOT_UPLOADED = "Upload the file first: this page reads nothing else on the server."
NOT_HERE = "There is nothing at this address."
UNKNOWN_HOST = (
    "This page does not answer to this name. Open it by the IP address of its machine, or ask whoever runs it to add "
    "the name to the environment variable PNEUMONIA_HOSTS."
)
OTHER_SITE = "This page is not open to pages of other sites."
TOO_LARGE = "This request is too large; only uploads may be."
UPLOAD_TOO_LARGE = (
    "This file is larger than {megabytes} MB. Export the radiograph as DICOM, PNG or JPEG and send that file."
)
