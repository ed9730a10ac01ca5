"""Second question: what does the project mean? Names across files, values of terms, calls, effects."""
