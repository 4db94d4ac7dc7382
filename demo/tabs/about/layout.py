"""About tab: what this is for, on whom it was trained, how to read it."""

import gradio as gr

from demo.shared import texts as shared_texts
from demo.shared.predictors import summary_of, title_of
from demo.tabs.about import texts
from pneumonia.core.notices import CITATION, DATA, HEATMAP_HELP, INTENDED_USE, LIMITS, NOTICE, SELECTION
from pneumonia.variants.registry import PUBLISHED


def build() -> None:
    """Lay the tab out; call inside `gr.Blocks`."""
    variants = "\n".join(f"- **{title_of(name)}**: {summary_of(name)}" for name in PUBLISHED)
    limits = "\n".join(f"- {limit}" for limit in LIMITS)
    sections = (
        ("Intended use", INTENDED_USE),
        ("Population", shared_texts.TRAINED_ON),
        (shared_texts.LIMITS, limits),
        ("How to read the map", HEATMAP_HELP),
        ("The networks", variants),
        ("How the networks were chosen", texts.CHOSEN),
        ("Data and licences", DATA),
        ("How to cite", CITATION),
    )
    parts = [f"**{NOTICE}**", *(f"## {title}\n\n{text}" for title, text in sections)]
    gr.Markdown("\n\n".join(parts), elem_id="about")
    with gr.Accordion(shared_texts.FOR_ENGINEERS, open=False):
        gr.Markdown(SELECTION)
