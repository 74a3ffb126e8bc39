"""From labelled articles to a model: alignment, made examples, both stages, calibration, card."""
