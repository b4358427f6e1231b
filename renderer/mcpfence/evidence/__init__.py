"""Evidence packs: what a render proves, written down with its manifests so that somebody else can check it."""
