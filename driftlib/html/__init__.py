"""Write markup: pages and tables, the only place that does."""
