"""What an experiment has shown, for people: in words, as pictures, as a page.

`pictures` and the modules that draw need matplotlib, of the extra `report`.
"""
