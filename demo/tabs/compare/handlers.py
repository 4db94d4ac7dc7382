"""Events of the Compare tab: one image with all variants."""

import time
from collections.abc import Iterator

import gradio as gr
import numpy as np

from demo.shared import page_html, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.predictors import (
    Predictors,
    chosen_population,
    reading_record,
    title_of,
    unavailable,
    unavailable_record,
)
from demo.shared.session import Reading, Session, chosen_elsewhere, judge_again
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_upload
from demo.shared.user_error import user_error
from demo.tabs.compare import views
from demo.viewer import contents
from demo.viewer.contents import Contents
from pneumonia.inference.shared_analysis import SharedAnalysis


class CompareHandlers:
    """Events of the Compare tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_compare(
        self, file: str | None, operating_point: str, session: Session, population: str = NOT_STATED
    ) -> tuple:
        """Read a file, or the chosen one, with every variant: records, session, table, viewer."""
        generation = session.generation
        missing = self._predictors.missing()
        available = [variant for variant in self._predictors.names if variant not in missing]
        if not available:
            raise user_error(" ".join(unavailable(variant, reason) for variant, reason in missing.items()))
        for variant in available:
            # Told before anything is read.
            self._predictors.point(variant, operating_point)
        chosen = chosen_population(population)
        source, name = decode_upload(file or session.file)
        if isinstance(source, SharedAnalysis):
            # What all share is done before any is timed.
            source.find_all()
        predictions, seconds = {}, []
        for variant in available:
            started = time.perf_counter()
            predictions[variant] = self._predictors.get(variant).predict(source, operating_point, chosen)
            seconds.append(time.perf_counter() - started)
        records = [reading_record(prediction, name) for prediction in predictions.values()]
        records += [unavailable_record(variant, reason, name) for variant, reason in missing.items()]
        # What makes an upload unreadable depends on no variant.
        first = predictions[available[0]]
        if first.status == "read":
            pixels = source.radiograph.pixels
            shown = radiograph_images.preview(pixels, radiograph_images.COMPARISON_SIDE)
            reading = Reading(shown, predictions, name, seconds)
            view = self._table(reading), self._panes(pixels, reading)
        else:
            reading, view = None, (page_html.rejection(first.error), None)
        return records, session, *(view if session.keep(reading, generation) else (gr.skip(),) * len(view))

    def on_population_change(self, operating_point: str, session: Session, population: str) -> tuple:
        """Read the chosen image as another patient's: as `on_compare`; nothing where none is chosen."""
        if session.file is None:
            return (gr.skip(),) * 4
        return self.on_compare(None, operating_point, session, population)

    def on_open(self, operating_point: str, session: Session, *others: Session | str) -> Iterator[tuple]:
        """Read the image that was chosen last on another tab, if that was later than the one here.

        Args:
            operating_point: its name.
            session: of this tab.
            others: as for `chosen_elsewhere`.

        Yields:
            Records, session, table, viewer, population, comment.
        """
        taken = chosen_elsewhere(session, *others)
        if taken is None or taken[0] == session.file:
            yield (gr.skip(),) * 6
            return
        file, population = taken
        session.choose(file)
        yield gr.skip(), session, page_html.prompt(shared_texts.READING), None, population, ""
        yield *self.on_compare(None, operating_point, session, population), gr.skip(), gr.skip()

    def on_operating_point_change(self, operating_point: str, session: Session) -> str:
        """Judge the readings at another operating point: table."""
        generation, judged = session.generation, judge_again(self._predictors, operating_point, session)
        if judged is None:
            return page_html.prompt(shared_texts.SESSION_EXPIRED) if session.expired else gr.skip()
        table = self._table(judged)
        return table if session.keep(judged, generation) else gr.skip()

    def on_image_choice(self, file: str, session: Session) -> tuple:
        """Choose a new image: upload box, session, table, viewer."""
        session.choose(file)
        return None, session, page_html.prompt(shared_texts.READING), None

    def _table(self, reading: Reading) -> str:
        readings = {name: self._predictors.judged_prediction(name, of) for name, of in reading.predictions.items()}
        return views.comparison(readings, reading.seconds, self._predictors.missing())

    def _panes(self, pixels: np.ndarray, reading: Reading) -> Contents:
        # One scale for all variants.
        scale = self._predictors.get(next(iter(reading.predictions))).heatmap_scale
        picture = contents.write_picture(pixels)
        evidence = [
            contents.evidence_pane(picture, prediction, scale, title_of(name))
            for name, prediction in reading.predictions.items()
        ]
        return contents.side_by_side([contents.bare_pane(picture), *evidence], scale)
