"""Who can reach whom in a folder of manifests, and the forms in which that is told."""
