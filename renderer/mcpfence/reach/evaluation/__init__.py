"""What a set of policies lets pods do."""
