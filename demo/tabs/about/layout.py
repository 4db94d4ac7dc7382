"""About tab: what this is for, on whom it was trained, how to read it; in the words of the model cards."""

import gradio as gr

from demo.shared import texts as shared_texts
from pneumonia.core.notices import CITATION, DATA, HEATMAP_HELP, INTENDED_USE, LIMITS, NOTICE, POPULATION, SELECTION
from pneumonia.variants.registry import PUBLISHED, get_variant


def build() -> None:
    """Lay the tab out; call inside `gr.Blocks`."""
    variants = "\n".join(f"- **{get_variant(name).title}**: {get_variant(name).summary}" for name in PUBLISHED)
    limits = "\n".join(f"- {limit}" for limit in LIMITS)
    sections = (
        ("Intended use", INTENDED_USE),
        ("Population", POPULATION),
        (shared_texts.LIMITS, limits),
        ("How to read the map", HEATMAP_HELP),
        ("The networks", variants),
        ("How the networks were chosen", SELECTION),
        ("Data and licences", DATA),
        ("How to cite", CITATION),
    )
    parts = [f"**{NOTICE}**", *(f"## {title}\n\n{text}" for title, text in sections)]
    gr.Markdown("\n\n".join(parts), elem_id="about")
