"""What the clouds' command lines and kubectl print becomes `cluster.cidrs`, each range with its source.

kinds, loading   which document is which, by its content
clouds           one module for each cloud: documents into facts
facts, choose    what is known of which cluster
answer, text     what to write into the catalog
insert           the same, put into a values file that exists
"""
