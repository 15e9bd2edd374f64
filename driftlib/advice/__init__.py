"""Sum results up as a status: what changed, since when, how sure, and what to do."""
