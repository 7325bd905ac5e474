"""Doubles that are visibly trivial, so that a failing number can be checked by hand."""
