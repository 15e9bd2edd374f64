"""Examine the monitor itself on the user's own data: how often it errs, and what it can see."""
