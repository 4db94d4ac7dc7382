"""Events of the Compare tab: two images of one patient with one network, an earlier and a later one."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import gradio as gr

from demo.shared import page_html, prediction_text, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors, chosen_population
from demo.shared.session import Reading, Session, TabSession, chosen_elsewhere
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_upload
from demo.tabs.compare import texts, views
from demo.viewer import contents
from demo.viewer.contents import Contents

_EARLIER, _LATER = range(2)


@dataclass
class PairSession(TabSession):
    """State of the tab with two images.

    Attributes:
        files: paths of the two chosen images.
        results: of each: a reading, or the sentence why it was not read, or None yet.
        taken: path of the one that was taken over from another tab last.
    """

    files: list[str | None] = field(default_factory=lambda: [None, None])
    results: list[Reading | str | None] = field(default_factory=lambda: [None, None])
    taken: str | None = None

    @property
    def readings(self) -> dict[str, Reading]:
        """Those that are there, by their titles."""
        pairs = zip(shared_texts.PAIR, self.results, strict=True)
        return {title: result for title, result in pairs if isinstance(result, Reading)}

    def choose(self, place: int, file: str) -> None:
        """Note a new image, as `renew` does: the earlier (place 0) or the later (1)."""
        self.files[place], self.results[place] = file, None
        self.renew()


class PairHandlers:
    """Events of the two images."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_image_choice(self, place: int, file: str, session: PairSession) -> tuple:
        """Choose the earlier image (place 0) or the later (1): upload box, emptied, session, table, viewer."""
        session.choose(place, file)
        return None, session, page_html.prompt(shared_texts.READING), None

    def on_open(
        self, variant: str, operating_point: str, session: PairSession, population: str, *others: Session | str
    ) -> Iterator[tuple]:
        """Take the image that was chosen last on another tab, as the later one if that was not chosen here.

        Where two are there, nothing is taken.

        Args:
            variant: name of the network.
            operating_point: its name.
            session: of this tab.
            population: as whose images are read here.
            others: as for `chosen_elsewhere`.

        Yields:
            Session, table, viewer, population, comment.
        """
        taken = None if all(session.files) else chosen_elsewhere(session, *others)
        if taken is None or taken[0] in session.files:
            yield (gr.skip(),) * 5
            return
        file, stated = taken
        if not any(session.files):
            population = stated
        session.choose(_LATER if session.files[_LATER] in (None, session.taken) else _EARLIER, file)
        session.taken = file
        yield session, page_html.prompt(shared_texts.READING), None, population, ""
        yield gr.skip(), *self.on_read(variant, operating_point, session, population), gr.skip(), gr.skip()

    def on_variant_change(self, session: PairSession) -> tuple:
        """Take both readings away, as another network is wanted: table, viewer."""
        session.results = [None, None]
        session.generation += 1
        return page_html.prompt(shared_texts.READING if any(session.files) else texts.CHOOSE_TWO), None

    def on_read(self, variant: str, operating_point: str, session: PairSession, population: str = NOT_STATED) -> tuple:
        """Read what was chosen and not read yet: table, viewer."""
        generation, results = session.generation, list(session.results)
        predictor = self._predictors.require(variant)
        for place, file in enumerate(session.files):
            if file is None or results[place] is not None:
                continue
            source, name = decode_upload(file)
            prediction = predictor.predict(source, operating_point, chosen_population(population))
            results[place] = prediction.error
            if prediction.status == "read":
                pixels = source.radiograph.pixels
                shown, picture = radiograph_images.preview(pixels), contents.write_picture(pixels)
                results[place] = Reading(shown, {variant: prediction}, name, picture=picture)
        if session.generation != generation:
            return gr.skip(), gr.skip()
        session.results = results
        return self._table(variant, session), self._panes(variant, session)

    def on_operating_point_change(self, variant: str, operating_point: str, session: PairSession) -> str:
        """Judge both at another operating point, without running a network: table."""
        if not session.readings:
            return page_html.prompt(shared_texts.SESSION_EXPIRED) if session.expired else gr.skip()
        generation = session.generation
        results = [
            replace(
                result,
                predictions={variant: self._predictors.judged(variant, result.predictions[variant], operating_point)},
            )
            if isinstance(result, Reading)
            else result
            for result in session.results
        ]
        if session.generation != generation:
            return gr.skip()
        session.results = results
        return self._table(variant, session)

    def _table(self, variant: str, session: PairSession) -> str:
        results = [
            self._predictors.judged_prediction(variant, result.predictions[variant])
            if isinstance(result, Reading)
            else result
            for result in session.results
        ]
        read = [reading.predictions[variant] for reading in session.readings.values()]
        both = len(read) == len(results)
        repeatability = partial(self._predictors.repeatability, variant)
        return views.pair(results, prediction_text.change(*read, repeatability) if both else None)

    def _panes(self, variant: str, session: PairSession) -> Contents | None:
        scale = self._predictors.get(variant).heatmap_scale
        panes = [
            contents.evidence_pane(reading.picture, reading.predictions[variant], scale, title)
            for title, reading in session.readings.items()
        ]
        return contents.side_by_side(panes, scale) if panes else None
