"""The plan: a catalog becomes fences, the provider-neutral intent for the pods of one server, workload or back-end."""
