"""Judging detectors on labelled data."""
