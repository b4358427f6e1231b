"""The report: one page and one picture for all servers, who calls them, what each reaches, and which rule enforces it."""
