"""A school's day on a flash drive: from a room to the headquarters, on to the centre with proof, receipts back."""
