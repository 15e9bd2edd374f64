"""Find what is wrong with a batch as data: columns, rows, values and times."""
