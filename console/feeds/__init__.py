"""What the console knows of the outside: one feed a source, each with its age and the reason why it is old."""
