"""A page that one computer serves to its own browser: who is let in and how, and what stands before every route.

For `station.web` and `sync.office` alone; nothing of it is imported by who shows no page.
"""
