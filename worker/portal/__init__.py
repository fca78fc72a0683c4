"""The pages of learners, managers and client admins."""
