"""Kubernetes as plain data, without a cluster: manifests, object names, label selectors, Services, kinds of cluster."""
