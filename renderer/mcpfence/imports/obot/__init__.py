"""Obot's catalogs, chart values, policies and pods."""
