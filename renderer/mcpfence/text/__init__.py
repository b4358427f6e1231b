"""Text that others wrote: how each form of output shows it so that it forges nothing, and what of it is a secret."""
