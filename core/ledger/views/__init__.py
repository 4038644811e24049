"""What people ask of the ledger: stock now and then, the item card, layers, summaries. Reads only."""
