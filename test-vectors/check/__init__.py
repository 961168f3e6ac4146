"""A second implementation of what the vectors exercise, made from docs/PROTOCOL.md, README.md and proto/*.proto only."""
