"""Count batches against a frozen baseline: profiles that add."""
