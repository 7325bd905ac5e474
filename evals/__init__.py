"""Evaluation: question sets and benchmarks that hold the assistant to its promises."""
