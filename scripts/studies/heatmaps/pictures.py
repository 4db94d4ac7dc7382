"""Pictures of the best and the worst heatmaps among the pneumonias, chosen by rule. They show patients."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pneumonia.core.geometry import heatmap_on
from pneumonia.explain.faithfulness import area
from pneumonia.explain.overlay import draw_overlay
from pneumonia.utils.safe_csv import CsvWriter
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase

# Pictures of each kind.
_EACH = 6
_LUNG_COLOUR = (80, 220, 120)


def save_case_pictures(folder: Path, cases: list[MeasuredCase], rows: list[dict[str, Any]], scale: float) -> None:
    """Write overlays of the pneumonias that lead and end two rankings, and a list of them.

    The rankings: `in-lungs`, the share of positive evidence inside the lungs; and `deletion`, how much smaller the area
    under the served map's deletion curve is than under the random map's.

    Args:
        folder: gets `best-in-lungs-1.png` and so on, image and overlay side by side with the lungs' outline, and
            `cases.csv`, which names the files.
        cases: N images.
        rows: what `scripts.studies.heatmaps.cases.measure` gave for each.
        scale: logits at which the overlay saturates.
    """
    folder.mkdir(parents=True, exist_ok=True)
    diseased = [(case, row) for case, row in zip(cases, rows, strict=True) if "maps" in row]
    rankings = {
        "in-lungs": [(row["in_lungs"], case, row) for case, row in diseased if row.get("in_lungs") is not None],
        "deletion": [(_advantage(row["maps"]), case, row) for case, row in diseased],
    }
    with (folder / "cases.csv").open("w", newline="") as file:
        table = CsvWriter(file, ("picture", "file", "score", "logit"))
        for name, ranked in rankings.items():
            ranked.sort(key=lambda entry: -entry[0])
            for which, part in (("best", ranked), ("worst", ranked[::-1])):
                for number, (score, case, row) in enumerate(part[:_EACH], start=1):
                    picture = f"{which}-{name}-{number}.png"
                    cv2.imwrite(str(folder / picture), cv2.cvtColor(_picture(case, row, scale), cv2.COLOR_RGB2BGR))
                    table.write(
                        {"picture": picture, "file": case.record.path.name, "score": score, "logit": row["logit"]}
                    )


def _advantage(maps: dict[str, dict[str, Any]]) -> float:
    return area(maps["random"]["deletion"]) - area(maps[SERVED]["deletion"])


def _picture(case: MeasuredCase, row: dict[str, Any], scale: float) -> np.ndarray:
    """The image, and beside it the overlay: uint8 (S, 2 S, 3), RGB."""
    size = len(case.image)
    painted = draw_overlay(case.image, heatmap_on(row["heatmap"], size, size), scale)
    if case.lungs is not None:
        lines, _ = cv2.findContours(case.lungs.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(painted, lines, -1, _LUNG_COLOUR, 1)
    grey = np.repeat(np.rint(case.image * 255).astype(np.uint8)[..., None], 3, axis=2)
    return np.hstack([grey, painted])
