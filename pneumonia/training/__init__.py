"""From a data folder to a weights folder."""
