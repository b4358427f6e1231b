"""The ways in and out: a Helm stream, a KRM ResourceList, a folder; the policies take the place of the catalog.

Documents of others pass byte for byte.  Nothing here touches files: text goes in, text comes out.
"""
