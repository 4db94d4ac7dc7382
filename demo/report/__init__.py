"""Reports of what the page shows of one image at one moment: as PDF documents, or as JSON."""
