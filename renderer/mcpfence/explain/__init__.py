"""Answers to "why": a fence in plain words with the catalog key behind each line, and the verdict on one connection."""
