"""The page’s sources and the files that are built from them."""
