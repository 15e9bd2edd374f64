"""Detect drift: compare profiles, judge the changes and put them into words."""
