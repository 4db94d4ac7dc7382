"""Events of the report row."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

from demo.report import texts
from demo.report.report import Entry, Report
from demo.server.downloads import new_file
from demo.shared import prediction_text
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors, title_of
from demo.shared.session import Reading, TabSession
from demo.shared.user_error import user_error

# Letters of a comment, so that the report of a reading stays on one page.
LONGEST_COMMENT = 800
# In minutes, of clocks from UTC.
_FARTHEST_ZONE = 14 * 60


class ReportHandlers:
    """Reports of what a tab shows, as files.

    Args:
        predictors: those of the page.
        comparison: whether the tab shows several readings beside each other.
    """

    def __init__(self, predictors: Predictors, comparison: bool) -> None:
        self._predictors = predictors
        self._comparison = comparison

    def on_pdf_request(
        self, with_name: bool, session: TabSession, comment: str | None = None, zone: float | None = None
    ) -> str:
        """Write what is shown as a PDF document: its path."""
        # Imported only now: the page starts without the library.
        from demo.report.pdf import to_pdf

        report = self._report(with_name, session, comment, zone)
        return self._write(report, "pdf", to_pdf(report))

    def on_json_request(
        self, with_name: bool, session: TabSession, comment: str | None = None, zone: float | None = None
    ) -> str:
        """Write what is shown as JSON: its path."""
        report = self._report(with_name, session, comment, zone)
        return self._write(report, "json", json.dumps(report.to_json(), indent=2).encode("ascii"))

    def _report(self, with_name: bool, session: TabSession, comment: str | None, zone: float | None) -> Report:
        """Gather what a session shows.

        Args:
            with_name: whether the files' names are told.
            session: of the tab.
            comment: the reader's own words. They are neither logged nor kept.
            zone: how many minutes the reader's clock is ahead of UTC; None for the server's.
        """
        readings = session.readings  # another image may be chosen meanwhile
        if not readings:
            raise user_error(shared_texts.NOTHING_READ)
        comment = (comment or "").strip()
        if len(comment) > LONGEST_COMMENT:
            raise user_error(texts.COMMENT_TOO_LONG.format(most=LONGEST_COMMENT))
        entries = tuple(
            Entry(
                title or title_of(network),
                network,
                reading.shown,
                self._predictors.judged_prediction(network, prediction),
                reading.name if with_name else None,
            )
            for title, reading in readings.items()
            for network, prediction in reading.predictions.items()
        )
        return self._with_meaning(Report(entries, _now(zone), comment=comment), readings, session)

    def _with_meaning(self, report: Report, readings: Mapping[str, Reading], session: TabSession) -> Report:
        """Add what the readings say together, or what a single one means at the prevalence that the reader chose."""
        if not self._comparison:
            (entry,), (reading,) = report.entries, readings.values()
            report = replace(report, support=reading.region.support)
            if session.prevalence is None:
                return report
            measured = self._predictors.measured_prevalence(entry.network, entry.judged.prediction)
            sentences = prediction_text.predictive_value(entry.judged, measured, session.prevalence)
            return replace(report, prevalence=session.prevalence, predictive=sentences)
        if "" in readings:
            predictions = {entry.network: entry.judged.prediction for entry in report.entries}
            headline = prediction_text.agreement(predictions)
            return replace(report, headline=headline, missing=self._predictors.missing())
        if len(report.entries) < len(shared_texts.PAIR):
            raise user_error(texts.NEEDS_TWO)
        earlier, later = (entry.judged.prediction for entry in report.entries)
        repeatability = partial(self._predictors.repeatability, report.entries[0].network)
        return replace(report, headline=prediction_text.change(earlier, later, repeatability))

    def _write(self, report: Report, ending: str, contents: bytes) -> str:
        kind = "comparison" if self._comparison else "reading"
        with new_file(f"{kind}-{report.created:%Y-%m-%d-%H%M}.{ending}") as path:
            path.write_bytes(contents)
        return str(path)


def _now(zone: float | None) -> datetime:
    """Give the reader's local time; the server may stand in another zone, or know none."""
    known = zone is not None and abs(zone) <= _FARTHEST_ZONE
    return datetime.now().astimezone(timezone(timedelta(minutes=round(zone))) if known else None)
