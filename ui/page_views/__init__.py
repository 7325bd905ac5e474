"""The pages of the web interface; each has a `draw` without arguments."""
