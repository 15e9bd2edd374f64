"""Diagnose a loss of performance: data drift or concept drift."""
