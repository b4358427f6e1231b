"""The proof: what the manifests let through is what the fences say, and what no manifest can stop."""
