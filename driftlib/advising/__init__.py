"""Advise what to do about a model: each action fitted on older labels and judged on newer ones."""
