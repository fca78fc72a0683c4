"""How termsync is: the strip on every page, and the page behind it."""
