"""Tables, the statements on them, and the pure rules. Knows no HTTP, no queue and no clock."""
