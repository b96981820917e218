"""Pedals and keys: what feet and fingers do becomes presses. Sends commands to the daemon like any other client."""
