"""The difference of two sides: what pods may reach on one and not on the other."""
