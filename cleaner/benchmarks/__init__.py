"""Public benchmarks of main-content extraction, from a local copy, side by side with installed peers."""
