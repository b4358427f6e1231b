"""The config management plugin of Argo CD: the folder of an Application goes in, the stream to apply comes out.

What Argo CD says and wants to hear is plain data (`parameters`, `settings`, `charts`); the other modules are an edge
like `cli` and `system`: they read the repository and run helm.
"""
