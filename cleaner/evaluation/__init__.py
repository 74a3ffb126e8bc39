"""Scores on sites not trained on: keep or drop, per label, calibration, each with counts and intervals."""
