"""Commands that people use; studies, which make the figures of the documents; tools, which make releases."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
