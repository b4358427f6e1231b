"""The proof: what `reach` reads in the printed text must be what the fences say; and what no manifest can stop."""
