"""Kubernetes as data: manifests, names of objects, label selectors, Services, kinds of cluster."""
