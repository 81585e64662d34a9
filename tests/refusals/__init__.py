"""Every refusal of the package: how to bring it about, what it says, and whether its advice works.

``cases.py`` has the commands, ``advice.py`` what is done about what they say, ``sites.py`` finds
the places in the code that refuse, and which of them were met.
"""
