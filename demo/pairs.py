"""Two images side by side with one variant, for instance an earlier and a later one."""

from dataclasses import dataclass, field, replace

import gradio as gr

from demo import content, views
from demo.handlers import Reading, read_source
from demo.predictors import Predictors


@dataclass
class PairSession:
    """What is kept of one open page.

    Attributes:
        files: paths of the two chosen images.
        cards: what came of each: a reading, or the sentence why it was not read, or nothing yet.
        changed: how often an image or the variant was chosen; what began before the last time is not shown.
        left_alone: whether what the page had was deleted after a while, and nothing was chosen since.
    """

    files: list[str | None] = field(default_factory=lambda: [None, None])
    cards: list[Reading | str | None] = field(default_factory=lambda: [None, None])
    changed: int = 0
    left_alone: bool = False


class PairHandlers:
    """Events of the two images."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def choose(self, place: int, file: str, session: PairSession) -> tuple:
        """Choose the first image (place 0) or the second (1): upload box, emptied, session, and table."""
        session.files[place], session.cards[place] = file, None
        session.left_alone = False
        session.changed += 1
        return None, session, views.prompt(content.READING)

    def forget(self, session: PairSession) -> str:
        """Take both readings away, as another variant is wanted: table."""
        session.cards = [None, None]
        session.changed += 1
        return views.prompt(content.READING if any(session.files) else content.CHOOSE_TWO)

    def read(self, variant: str, operating_point: str, session: PairSession) -> str:
        """Read what was chosen and not read yet: table."""
        since = session.changed
        predictor = self._predictors.require(variant)
        cards = list(session.cards)
        for place, file in enumerate(session.files):
            if file is None or cards[place] is not None:
                continue
            source, name = read_source(file)
            prediction = predictor.predict(source, operating_point)
            cards[place] = prediction.error
            if prediction.status == "read":
                shown = views.preview(source.radiograph.pixels, views.COMPARISON_SIDE)
                cards[place] = Reading(shown, {variant: prediction}, name)
        if session.changed != since:
            return gr.skip()
        session.cards = cards
        return self._table(variant, session)

    def judge(self, variant: str, operating_point: str, session: PairSession) -> str:
        """Judge both at another operating point, without running a network: table."""
        if not any(isinstance(card, Reading) for card in session.cards):
            return views.prompt(content.LEFT_ALONE) if session.left_alone else gr.skip()
        point = self._predictors.point(variant, operating_point)
        session.cards = [
            replace(card, predictions={variant: card.predictions[variant].at(point)})
            if isinstance(card, Reading)
            else card
            for card in session.cards
        ]
        return self._table(variant, session)

    def _table(self, variant: str, session: PairSession) -> str:
        predictor = self._predictors.get(variant)
        read = [card.predictions[variant] for card in session.cards if isinstance(card, Reading)]
        limit = self._predictors.repeatability(variant) if len(read) == 2 else None
        cards = [
            (card.shown, card.predictions[variant]) if isinstance(card, Reading) else card for card in session.cards
        ]
        point = self._predictors.point_of(read[0]) if read else None
        return views.pair(cards, point, predictor.heatmap_scale, limit)
