"""Storyreel: story folders in, finished films out."""
