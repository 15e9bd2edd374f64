"""Turn whatever a user passes into clean columns, windows, labels and predictions."""
