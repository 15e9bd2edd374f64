"""Tell reference rows from current ones: the classifier behind weights and joint drift."""
