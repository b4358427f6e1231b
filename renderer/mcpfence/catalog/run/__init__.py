"""The run keys of a catalog: what each server's pod executes, with which settings."""
