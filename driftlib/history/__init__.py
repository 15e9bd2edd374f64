"""Keep what checks found, day after day: profiles, metrics, findings and alerts."""
