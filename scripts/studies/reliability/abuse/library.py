"""Reads the files of a folder, one after the other, as a program that uses the library does; run by `interfaces.py`."""

import json
import sys
from pathlib import Path

from pneumonia import load_predictor

if __name__ == "__main__":
    predictor = load_predictor()
    for path in sorted(Path(sys.argv[1]).glob("*/*")):
        print(json.dumps({"path": str(path), **predictor.predict(path).to_dict()}), flush=True)
