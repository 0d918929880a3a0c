"""The door: app, options, exit codes; no logic."""
