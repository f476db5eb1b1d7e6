"""The commands, each in the file with its name."""
