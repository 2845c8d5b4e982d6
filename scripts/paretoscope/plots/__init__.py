"""Figures, one file each: tables in, matplotlib figure out."""
