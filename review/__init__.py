"""The desk where a person looks: local web pages for all daily work, without a terminal."""
