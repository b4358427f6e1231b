"""Sets of flows, and what they are made of."""
