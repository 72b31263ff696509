"""Memory: extract, resolve times, change, summarise, recall, and put in context. One idea, one file."""
