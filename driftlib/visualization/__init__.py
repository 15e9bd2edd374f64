"""Results in, plotly figures out; no statistics here."""
