"""What the page shows of one image at one moment, to take away: as a PDF document, or as JSON."""
