"""Draws the sample pictures: heads built from numbers, lit, and placed in plain rooms.

Nothing here is learned from or traced after a photograph, so nobody's picture is in it.

    identity → anatomy, complexion, hair, clothing, accessories → figure → rendering → scenes
"""
