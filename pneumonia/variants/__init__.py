"""The table of networks and of the recipes that they are trained by."""
