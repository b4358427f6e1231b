"""Parsed documents as objects, and readers for fields that may hold anything."""
