"""Two models side by side: what a new one would change, whether it is worse, and which one counts."""
