"""YAML and JSON: text into plain documents, plain documents into text, and values files."""
