"""Kubescape's NetworkNeighborhood: what the pods of a workload were seen to reach."""
