"""The re-checker of evidence packs, which takes nothing from what made them: manifests, the judge, one short module."""
