"""Many images: which there are, what is done already, and who does the rest. Nothing is printed.

``inputs`` finds and names, ``journal`` remembers, ``planning`` tells what is left to do, ``work``
does one image in whatever process, ``processes`` is an executor of processes that may crash or
hang, ``running`` brings them together and knows of executors only what ``concurrent.futures`` says.
"""
