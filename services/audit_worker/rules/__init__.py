"""The rules, one file each: header, one statement; its cases beside it. PHILOSOPHY.md says what a good one is."""
