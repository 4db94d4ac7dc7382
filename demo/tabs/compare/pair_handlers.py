"""Events of the Compare tab: two images with one variant, for instance an earlier and a later one."""

from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from demo.shared import page_html, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors, chosen_population
from demo.shared.session import Reading, TabSession
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_upload
from demo.tabs.compare import texts, views
from demo.viewer import contents
from demo.viewer.contents import Contents


@dataclass
class PairSession(TabSession):
    """State of the tab with two images.

    Attributes:
        files: paths of the two chosen images.
        results: of each: a reading, or the sentence why it was not read, or None yet.
        pictures: of each that was read, as `contents.write_picture` gives it.
    """

    files: list[str | None] = field(default_factory=lambda: [None, None])
    results: list[Reading | str | None] = field(default_factory=lambda: [None, None])
    pictures: list[dict[str, Any] | None] = field(default_factory=lambda: [None, None])


class PairHandlers:
    """Events of the two images."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_image_choice(self, place: int, file: str, session: PairSession) -> tuple:
        """Choose the first image (place 0) or the second (1): upload box, emptied, session, table, viewer."""
        session.files[place], session.results[place] = file, None
        session.expired = False
        session.generation += 1
        return None, session, page_html.prompt(shared_texts.READING), None

    def on_variant_change(self, session: PairSession) -> tuple:
        """Take both readings away, as another variant is wanted: table, viewer."""
        session.results = [None, None]
        session.generation += 1
        return page_html.prompt(shared_texts.READING if any(session.files) else texts.CHOOSE_TWO), None

    def on_read(self, variant: str, operating_point: str, session: PairSession, population: str = NOT_STATED) -> tuple:
        """Read what was chosen and not read yet: table, viewer."""
        generation = session.generation
        predictor = self._predictors.require(variant)
        results, pictures = list(session.results), list(session.pictures)
        for place, file in enumerate(session.files):
            if file is None or results[place] is not None:
                continue
            source, name = decode_upload(file)
            prediction = predictor.predict(source, operating_point, chosen_population(population))
            results[place] = prediction.error
            if prediction.status == "read":
                pixels = source.radiograph.pixels
                shown = radiograph_images.preview(pixels, radiograph_images.COMPARISON_SIDE)
                results[place] = Reading(shown, {variant: prediction}, name)
                pictures[place] = contents.write_picture(pixels)
        if session.generation != generation:
            return gr.skip(), gr.skip()
        session.results, session.pictures = results, pictures
        return self._table(variant, session), self._panes(variant, session)

    def on_operating_point_change(self, variant: str, operating_point: str, session: PairSession) -> str:
        """Judge both at another operating point, without running a network: table."""
        if not any(isinstance(result, Reading) for result in session.results):
            return page_html.prompt(shared_texts.SESSION_EXPIRED) if session.expired else gr.skip()
        session.results = [
            replace(
                result,
                predictions={variant: self._predictors.judged(variant, result.predictions[variant], operating_point)},
            )
            if isinstance(result, Reading)
            else result
            for result in session.results
        ]
        return self._table(variant, session)

    def _table(self, variant: str, session: PairSession) -> str:
        read = [result.predictions[variant] for result in session.results if isinstance(result, Reading)]
        limit = self._predictors.repeatability(variant) if len(read) == 2 else None
        results = [
            self._predictors.judged_prediction(variant, result.predictions[variant])
            if isinstance(result, Reading)
            else result
            for result in session.results
        ]
        return views.pair(results, limit)

    def _panes(self, variant: str, session: PairSession) -> Contents | None:
        scale = self._predictors.get(variant).heatmap_scale
        panes = [
            contents.evidence_pane(picture, result.predictions[variant], scale, title)
            for title, picture, result in zip(texts.PAIR, session.pictures, session.results, strict=True)
            if isinstance(result, Reading)
        ]
        return contents.side_by_side(panes, scale) if panes else None
