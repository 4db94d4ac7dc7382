"""Events of the report row."""

import json
from datetime import datetime

from demo.report.report import Report
from demo.server.downloads import new_file
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.shared.user_error import user_error


class ReportHandlers:
    """Reports of what a tab shows, as files.

    Args:
        predictors: those of the page.
        comparison: whether the tab compares all variants.
    """

    def __init__(self, predictors: Predictors, comparison: bool) -> None:
        self._predictors = predictors
        self._comparison = comparison

    def on_pdf_request(self, with_name: bool, session: Session) -> str:
        """Write what is shown as a PDF document: its path."""
        # Imported only now: the page starts without the library.
        from demo.report.pdf import to_pdf

        report = self._report(with_name, session)
        return self._write(report, "pdf", to_pdf(report))

    def on_json_request(self, with_name: bool, session: Session) -> str:
        """Write what is shown as JSON: its path."""
        report = self._report(with_name, session)
        return self._write(report, "json", json.dumps(report.to_json(), indent=2).encode("ascii"))

    def _report(self, with_name: bool, session: Session) -> Report:
        reading = session.reading
        if reading is None:
            raise user_error(shared_texts.NOTHING_READ)
        readings = {
            name: self._predictors.judged_prediction(name, prediction)
            for name, prediction in reading.predictions.items()
        }
        return Report(
            shown=reading.shown,
            readings=readings,
            missing=self._predictors.missing() if self._comparison else None,
            # One scale for all variants.
            scale=self._predictors.get(next(iter(reading.predictions))).heatmap_scale,
            created=datetime.now().astimezone(),
            name=reading.name if with_name else None,
            support=reading.region.support,
        )

    def _write(self, report: Report, ending: str, contents: bytes) -> str:
        kind = "comparison" if self._comparison else "reading"
        with new_file(f"{kind}-{report.created:%Y-%m-%d-%H%M}.{ending}") as path:
            path.write_bytes(contents)
        return str(path)
