"""Distances, spaces, calibration: the mathematics that models share."""
