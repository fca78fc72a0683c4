"""History: what people did, and what became of enrollments."""
