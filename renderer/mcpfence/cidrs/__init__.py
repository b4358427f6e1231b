"""The cluster's own address ranges, out of what the clouds' command lines and kubectl print."""
