"""Proof before merging: files of tests enter, a verdict on each leaves, and what no test has reached."""
