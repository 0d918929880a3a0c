"""Paper in, paper out: consent forms and clearance reports."""
