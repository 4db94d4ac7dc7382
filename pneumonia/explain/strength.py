"""The strength of evidence at one place in three steps, for readers who know no logits."""

# Words, and the share of the scale at which overlays saturate from which each holds.
STEPS = (("weak", 0.0), ("moderate", 0.5), ("strong", 1.0))


def strength(evidence: float, scale: float) -> str:
    """Give the word for evidence, the same for the same colour in every case and network.

    Args:
        evidence: in logits, 0 or more.
        scale: logits at which overlays saturate.
    """
    return next(word for word, least in reversed(STEPS) if evidence >= least * scale)
