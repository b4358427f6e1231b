"""Manifests that exist, in Git or in a cluster, proven against a catalog; findings as SARIF and Markdown."""
