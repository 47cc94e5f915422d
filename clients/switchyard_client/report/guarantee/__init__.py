"""What an error budget promises and how it is kept, for people: in words, as pictures, as a page.

`coverage`, `times` and the modules that draw need matplotlib, of the extra `report`.
"""
