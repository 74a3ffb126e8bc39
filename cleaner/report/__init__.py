"""Pages and plots out of figures: self-contained, without script, the same bytes for the same figures."""
