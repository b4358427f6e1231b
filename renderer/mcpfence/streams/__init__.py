"""Every way in and out: post-renderer, KRM function, folder."""
