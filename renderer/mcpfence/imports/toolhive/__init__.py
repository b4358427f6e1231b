"""ToolHive's registries and the resources of its operator."""
