"""What termsync answers over HTTP."""
