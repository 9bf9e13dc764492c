"""Segmentation by clicks and boxes with models of the SAM family, run by osam; no Qt, no torch."""
