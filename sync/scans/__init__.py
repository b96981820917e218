"""Scans of the day's papers: found in the watched folder, opened, and given to whom they belong.

`sync.scans.looking.look` tells what there is, `sync.scans.decisions` takes a person's word, `sync.scans.travelling`
names what is sent, `sync.scans.opening.preview` shows a page. Nothing else is for others.
"""
