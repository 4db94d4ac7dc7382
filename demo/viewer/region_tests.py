"""Whether the region that a reading outlines matters, worked out after its answer, while nobody waits for another."""

from collections.abc import Callable

import gradio as gr

from demo.shared import page_html, prediction_text, texts
from demo.shared.predictors import Predictors
from demo.shared.session import Reading, Session
from demo.viewer import contents
from demo.viewer.contents import Contents
from pneumonia.explain.region_test import Interrupted, Support
from pneumonia.imaging.decode import Source
from pneumonia.inference.drawn_reading import has_outline
from pneumonia.inference.shared_analysis import SharedAnalysis

# Seconds that a test waits for its turn.
_PATIENCE = 0.5


class RegionTests:
    """Tests of the regions that single readings outline.

    Args:
        predictors: those of the page, which has one test at a time.
    """

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def viewer(self, reading: Reading) -> Contents:
        """Describe what the viewer shows of a reading: its region as it is known to matter by now."""
        ((variant, prediction),) = reading.predictions.items()
        scale = self._predictors.get(variant).heatmap_scale
        pane = contents.evidence_pane(reading.picture, prediction, scale, support=reading.region.support)
        return contents.side_by_side([pane], scale)

    def announcement(self, reading: Reading) -> str:
        """Sentence that a test follows; empty where no region is outlined."""
        return page_html.paragraph(texts.TESTING_REGION, "small-print") if self._has_outline(reading) else ""

    def test(
        self, session: Session, decoded: Callable[[], SharedAnalysis | Source], verdict: Callable[[Reading], str]
    ) -> tuple:
        """Test whether the region that is outlined matters more than others: sentence, viewer, verdict.

        For nobody has asked for it: it is dropped as soon as somebody waits for a reading.

        Args:
            session: of the tab.
            decoded: gives the image of its reading.
            verdict: of the reading as it is judged by then, which warns of a region that is not confirmed.
        """
        reading, activity = session.reading, self._predictors.activity
        if reading is None or not self._has_outline(reading):
            return (gr.skip(),) * 3
        # What was overtaken may still be at work.
        if not activity.wait_until_idle(_PATIENCE) or not activity.unasked.acquire(blocking=False):
            return page_html.paragraph(texts.REGION_BUSY, "small-print"), gr.skip(), gr.skip()

        def overtaken() -> bool:
            """Tell whether another image or network is chosen by now."""
            return session.reading is None or session.reading.region is not reading.region

        (variant,) = reading.predictions
        try:
            predictor = self._predictors.get(variant)
            support = predictor.measure_support(decoded(), lambda: overtaken() or activity.is_busy())
        except Interrupted:
            support = None
        finally:
            activity.unasked.release()
        if overtaken():
            return (gr.skip(),) * 3
        if support is None:
            return page_html.paragraph(texts.REGION_BUSY, "small-print"), gr.skip(), gr.skip()
        reading.region.support = support
        if support.supported:
            return result(support), gr.skip(), gr.skip()
        # It may be judged otherwise by now; and what is warned of above is not said again.
        return "", self.viewer(reading), verdict(session.reading)

    def _has_outline(self, reading: Reading) -> bool:
        ((variant, prediction),) = reading.predictions.items()
        return has_outline(prediction, self._predictors.get(variant).heatmap_scale)


def result(support: Support | None) -> str:
    """That the outlined region matters; None where that was not tested."""
    return page_html.paragraph(prediction_text.region_test(support), "small-print")
