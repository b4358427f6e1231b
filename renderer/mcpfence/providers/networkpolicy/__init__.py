"""NetworkPolicies alone."""
