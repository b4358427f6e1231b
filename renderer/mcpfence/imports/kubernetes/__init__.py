"""Running workloads and their NetworkPolicies."""
