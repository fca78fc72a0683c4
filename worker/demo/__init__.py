"""`termsync demo`: everything at work on a mock NetSuite, with people who go on selling."""
