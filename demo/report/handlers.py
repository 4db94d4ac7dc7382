"""What happens when a report is asked for."""

import json
from datetime import datetime

from demo import content
from demo.downloads import new_file
from demo.handlers import Session
from demo.predictors import Predictors, refused
from demo.report.contents import Report
from pneumonia.receipts import Judged


class ReportHandlers:
    """Reports of what a tab shows, as files.

    Args:
        predictors: those of the page.
        comparison: whether the tab compares all variants.
    """

    def __init__(self, predictors: Predictors, comparison: bool) -> None:
        self._predictors = predictors
        self._comparison = comparison

    def pdf(self, with_name: bool, session: Session) -> str:
        """Write what is shown as a PDF document: its path."""
        # Imported only now: the page starts without the library.
        from demo.report.document import to_pdf

        report = self._report(with_name, session)
        return self._written(report, "pdf", to_pdf(report))

    def json(self, with_name: bool, session: Session) -> str:
        """Write what is shown as JSON: its path."""
        report = self._report(with_name, session)
        return self._written(report, "json", json.dumps(report.to_json(), indent=2).encode("ascii"))

    def _report(self, with_name: bool, session: Session) -> Report:
        reading = session.reading
        if reading is None:
            raise refused(content.NOTHING_READ)
        predictions = list(reading.predictions.values())
        readings = [
            Judged(
                prediction,
                self._predictors.point_of(prediction),
                self._predictors.calibrated(prediction.variant, prediction.calibration),
            )
            for prediction in predictions
        ]
        return Report(
            shown=reading.shown,
            readings=tuple(readings),
            missing=self._predictors.missing() if self._comparison else None,
            # One scale for all variants.
            scale=self._predictors.get(predictions[0].variant).heatmap_scale,
            opacity=session.opacity,
            show=tuple(session.show),
            made=datetime.now().astimezone(),
            name=reading.name if with_name else None,
        )

    def _written(self, report: Report, ending: str, contents: bytes) -> str:
        kind = "comparison" if self._comparison else "reading"
        with new_file(f"{kind}-{report.made:%Y-%m-%d-%H%M}.{ending}") as path:
            path.write_bytes(contents)
        return str(path)
