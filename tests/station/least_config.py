"""The least that a station.toml holds; tests add what they are about."""

CONFIG = """
[school]
code = "701020"
time_zone = "Asia/Tomsk"
[exam]
date = 2026-02-11
[room]
number = "265"
[capture]
device = "pulse"
"""
