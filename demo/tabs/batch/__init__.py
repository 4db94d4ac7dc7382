"""Batch tab: many images with one variant."""
