"""One render: a catalog through plan, providers, writer and proof to the text of its objects."""
