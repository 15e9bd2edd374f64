"""Diagnose a loss of performance: tell data drift from concept drift."""
