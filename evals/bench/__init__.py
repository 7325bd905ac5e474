"""Benchmarks: every speed is a ratio of two things measured in the same run."""
