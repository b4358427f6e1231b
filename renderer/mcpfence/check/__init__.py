"""A catalog judged by itself, or against manifests that exist."""
