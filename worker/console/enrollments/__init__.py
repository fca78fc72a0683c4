"""Courses and their enrollments, users, bulk edits."""
