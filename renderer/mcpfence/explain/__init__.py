"""Explanations: a fence in plain words, every line with its reason, and verdicts on single connections."""
