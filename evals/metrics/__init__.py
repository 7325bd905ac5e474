"""One file a metric: pure functions from a row, and what a judge said of it, to values in [0, 1].

A metric leaves a case out where it says nothing of it. An error is the worst value of everything
that the case could have had: a row that failed lowers the mean instead of vanishing from it.
"""
