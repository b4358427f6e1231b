"""The pipeline: a catalog goes through plan, providers, writer and proof, and its objects come out as text."""
