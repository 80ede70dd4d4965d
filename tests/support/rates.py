"""A rate card whose costs are easy to compute by hand."""

RATES = """
currency: EUR
date: 2026-01-31
source: invoice 7
cpuHour: 0.10
cpuWithoutLimit: 0.5
memoryGibHour: 0.01
volumeGibMonth: 7.3
requestsPer10000: 2
"""
