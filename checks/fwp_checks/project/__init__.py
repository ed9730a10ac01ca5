"""Second question: what does the project mean? Names across files, values, calls, effects."""
