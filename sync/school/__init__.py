"""A school's day as its headquarters knows it: gathered from rooms, papers, receipts; told and sent as one package."""
