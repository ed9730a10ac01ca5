"""First question: what does this file say? A pure function of one file's bytes; knows Python, no
framework, no library.
"""
