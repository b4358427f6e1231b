"""The gateway keys of a catalog: a gateway, and what is registered at it."""
