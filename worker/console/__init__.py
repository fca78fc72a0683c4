"""The pages of staff, at /console/."""
